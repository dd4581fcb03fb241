"""Every address. Each app brings its own; the permission matrix test knows them all."""

from django.urls import include, path

from apps.accounts import views as accounts
from trialcapture import health

urlpatterns = [
    *health.urlpatterns,
    path("", include("apps.accounts.urls")),
    path("account/email/", accounts.email, name="account_email"),  # instead of allauth's: see the view
    path("account/", include("allauth.urls")),
    path("", include("apps.studies.urls")),
    path("", include("apps.casebook.urls")),
    path("", include("apps.randomization.urls")),
    path("", include("apps.review.urls")),
    path("", include("apps.safety.urls")),
    path("", include("apps.exports.urls")),
    path("", include("apps.notifications.urls")),
]

handler500 = "apps.common.views.server_error"
