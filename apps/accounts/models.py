"""People. A user name is never given twice; a person is deactivated, never deleted."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]


class User(AbstractUser):
    """One account is one person (21 CFR 11.100). Rights come from memberships at a study, not from here."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail"), unique=True)
    full_name = models.CharField(_("full name"), max_length=150)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGES, default="en")
    is_operator = models.BooleanField(_("operator"), default=False, help_text=_("Runs the server; sees no clinical data."))
    mfa_required = models.BooleanField(_("second factor required"), default=False)

    REQUIRED_FIELDS = ["email", "full_name"]

    def get_full_name(self) -> str:
        return self.full_name or self.username

    def __str__(self) -> str:
        return self.get_full_name()
