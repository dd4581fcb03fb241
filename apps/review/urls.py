from django.urls import path

from apps.review.views import holds

app_name = "review"
urlpatterns = [path("studies/<slug:slug>/holds/", holds.holds, name="holds")]
