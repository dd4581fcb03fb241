"""Every address. Each app brings its own; the permission matrix test knows them all."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
]
