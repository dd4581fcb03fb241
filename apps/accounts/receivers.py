"""What happens at the door goes to the system's chain of the ledger.

The only signals of the project: sign-in is allauth's, and these are its announcements (and axes' and Django's own).
"""

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver

from apps.accounts.identity import account_name
from apps.accounts.models import User
from apps.audit.ledger import ledger
from apps.common.actors import Actor


def record(request, user: User | None, action: str, **details) -> None:
    """One event about an account. A name that is nobody's is not written down: it may be a mistyped password."""
    actor = Actor(
        user_id=user.pk if user else 0,
        name=user.get_full_name() if user else "",
        address=request.META.get("REMOTE_ADDR", "") if request else "",
        request_id=getattr(request, "request_id", ""),
    )
    with ledger(actor, None) as entry:
        entry(action=action, obj=user or User(), label=str(user) if user else "unknown", **details)


def _person(name: str) -> User | None:
    return User.objects.filter(username__iexact=name).first() if name else None


@receiver(account.user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(request, user, **kwargs) -> None:
    record(request, user, "accounts.session.opened")


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def signed_out(request, user, **kwargs) -> None:
    if user is not None:
        record(request, user, "accounts.session.closed")


@receiver(user_login_failed, dispatch_uid="accounts.refused")
def refused(credentials, request=None, **kwargs) -> None:
    if request is not None:
        record(request, _person(account_name(request, credentials)), "accounts.session.refused")


@receiver(user_locked_out, dispatch_uid="accounts.locked")
def locked_out(request, username, **kwargs) -> None:
    record(request, _person(username), "accounts.account.locked")


@receiver(account.password_changed, dispatch_uid="accounts.password_changed")
def password_changed(request, user, **kwargs) -> None:
    record(request, user, "accounts.password.changed")


@receiver(account.password_set, dispatch_uid="accounts.password_set")
def password_set(request, user, **kwargs) -> None:
    record(request, user, "accounts.password.set")


@receiver(account.password_reset, dispatch_uid="accounts.password_reset")
def password_reset(request, user, **kwargs) -> None:
    record(request, user, "accounts.password.reset")


@receiver(mfa.authenticator_added, dispatch_uid="accounts.factor_added")
def factor_added(request, user, authenticator, **kwargs) -> None:
    record(request, user, "accounts.second_factor.added", changes=[("second_factor", None, str(authenticator.type))])


@receiver(mfa.authenticator_removed, dispatch_uid="accounts.factor_removed")
def factor_removed(request, user, authenticator, **kwargs) -> None:
    record(request, user, "accounts.second_factor.removed", changes=[("second_factor", str(authenticator.type), None)])


@receiver(mfa.authenticator_reset, dispatch_uid="accounts.factor_renewed")
def factor_renewed(request, user, authenticator, **kwargs) -> None:
    record(request, user, "accounts.second_factor.renewed", details={"second_factor": str(authenticator.type)})


@receiver(mfa.authentication_failed, dispatch_uid="accounts.factor_refused")
def factor_refused(request, user, **kwargs) -> None:
    """Axes counts a wrong code like a wrong password."""
    user_login_failed.send(sender=__name__, credentials={"username": user.username}, request=request)
