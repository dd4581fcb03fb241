from django.urls import path

from apps.accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/language/", views.language, name="language"),
    path("account/session/", views.session, name="session"),
    path("account/session/extend/", views.extend, name="extend"),
    path("account/signed-in/", views.signed_in, name="signed_in"),
    path("account/second-factor/", views.second_factor, name="second_factor"),
    path("account/", views.profile, name="profile"),
    path("server/", views.operator, name="operator"),
    path("server/accounts/new/", views.create_account, name="create_account"),
    path("server/accounts/<str:username>/", views.account, name="account"),
]
