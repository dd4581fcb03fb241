from django.urls import path

from apps.exports import views

app_name = "exports"
urlpatterns = [
    path("studies/<slug:slug>/exports/", views.exports, name="list"),
    path("studies/<slug:slug>/exports/<int:pk>/", views.progress, name="progress"),
    path("studies/<slug:slug>/exports/<int:pk>/download/", views.download, name="download"),
]
