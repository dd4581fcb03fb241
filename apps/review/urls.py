from django.urls import path

from apps.review import views

app_name = "review"
urlpatterns = [path("studies/<slug:slug>/holds/", views.holds, name="holds")]
