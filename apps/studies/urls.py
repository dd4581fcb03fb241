from django.urls import path

from apps.studies import views

app_name = "studies"
urlpatterns = [
    path("", views.study_list, name="list"),
    path("studies/<slug:slug>/", views.study_detail, name="detail"),
    path("studies/<slug:slug>/people/", views.people, name="people"),
    path("studies/<slug:slug>/people/<int:pk>/end/", views.end_role, name="end_role"),
    path("studies/<slug:slug>/versions/", views.versions, name="versions"),
    path("studies/<slug:slug>/questions/<str:code>/", views.decide, name="decide"),
    path("studies/<slug:slug>/permissions/", views.permissions, name="permissions"),
]
