from django.urls import path

from apps.safety import views

app_name = "safety"
urlpatterns = [
    path("studies/<slug:slug>/flags/", views.flags, name="flags"),
    path("studies/<slug:slug>/flags/<int:pk>/", views.flag_step, name="flag_step"),
]
