"""What follows an account's events (bound in ``trialcapture/wiring.py``). Safe to run twice."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from apps.accounts.models import User


def send_invitation(event) -> None:
    """Mail the link to set the first password, in the person's language. Nothing for one who has set it or has gone."""
    user = User.objects.filter(pk=event.object_id).first()
    if user is None or not user.is_active or user.has_usable_password():
        return
    with translation.override(user.language):
        context = {"user": user, "link": invitation_link(user), "site": settings.SITE_URL}
        subject = render_to_string("accounts/mail/invitation_subject.txt", context).strip()
        send_mail(subject, render_to_string("accounts/mail/invitation.txt", context), None, [user.email])


def invitation_link(user: User) -> str:
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    uidb36, token = key.split("-", 1)
    return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs={"uidb36": uidb36, "key": token})
