"""Names at the door: what axes counts under, and re-authentication for a signature."""

from allauth.mfa.models import Authenticator
from axes.handlers.proxy import AxesProxyHandler
from axes.utils import reset
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import DomainError

CODE_TYPES = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]


def account_name(request, credentials) -> str:
    """The user name that failures count under, whether a person signs in by name or by e-mail address."""
    given = credentials or {}
    typed = given.get("username") or given.get("email") or given.get("login") or request.POST.get("login") or ""
    typed = str(typed).replace("\x00", "")[:254]
    if "@" in typed:
        found = User.objects.filter(email__iexact=typed).values_list("username", flat=True).first()
        return found or typed.lower()
    return typed.lower()


def wants_code(user: User) -> bool:
    """Whether the person has an authenticator app, whose code a signature then needs besides the password."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def is_locked(request, user: User) -> bool:
    """Whether too many wrong attempts were made on the account from this address a short while ago."""
    return not AxesProxyHandler.is_allowed(request, {"username": user.username})


def confirm_identity(request, password: str, otp: str = "") -> None:
    """The signed-in person proves again who they are, within this request (21 CFR 11.200).

    The password, and the code of the authenticator app (or a recovery code) where there is one; a security key has
    already proven the session. Failures count with those of sign-in: too many lock the account for a while. Raises a
    DomainError whose message says what was wrong, and leaves the session as it is.
    """
    user = request.user
    credentials = {"username": user.username}
    if is_locked(request, user):
        raise DomainError(
            _("Too many wrong attempts. Wait a quarter of an hour, then try again. Nothing was lost."),
            code="locked_out",
            item="password",
        )
    known = authenticate(request, username=user.username, password=password)
    request.axes_locked_out = False  # the answer is ours: the form with what was typed, not axes' page
    if known is None or known.pk != user.pk:
        raise DomainError(_("The password is not right. Nothing was signed."), code="wrong_password", item="password")
    if wants_code(user) and not _code_fits(user, otp):
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        request.axes_locked_out = False
        raise DomainError(_("The code is not right. Nothing was signed."), code="wrong_code", item="otp")
    reset(username=account_name(request, credentials), ip=request.META.get("REMOTE_ADDR"))


def _code_fits(user: User, otp: str) -> bool:
    codes = Authenticator.objects.filter(user=user, type__in=CODE_TYPES)
    return bool(otp.strip()) and any(code.wrap().validate_code(otp.strip()) for code in codes)
