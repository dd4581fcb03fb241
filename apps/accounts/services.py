"""Accounts: created and deactivated by the operator, changed by their person. A person is never deleted."""

import time

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext as _

from apps.accounts.identity import confirm_identity
from apps.accounts.models import User
from apps.accounts.permissions import MANAGE_ACCOUNTS
from apps.accounts.selectors import require_operator
from apps.accounts.sessions import SEEN
from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError, Forbidden

__all__ = [
    "change_language",
    "confirm_identity",
    "create_account",
    "deactivate_account",
    "invite_again",
    "prolong_session",
    "reactivate_account",
    "require_mfa",
    "reset_second_factor",
]


def create_account(
    actor: Actor,
    *,
    username: str,
    email: str,
    full_name: str,
    language: str = "en",
    is_operator: bool = False,
    reason: str = "",
) -> User:
    """A new person, without a password: a link to set one is mailed. Refuses a name or address that was ever used."""
    require_operator(actor)
    username, email = username.strip().lower(), email.strip().lower()
    with ledger(actor, None) as entry:
        _refuse_taken(username, email)
        user = User(username=username, email=email, full_name=full_name.strip(), language=language, is_operator=is_operator)
        user.set_unusable_password()
        user.save()
        fields = ("username", "email", "full_name", "language", "is_operator")
        entry(
            action="accounts.account.created",
            obj=user,
            changes=[(field, None, str(getattr(user, field))) for field in fields],
            reason=reason,
            outbox=True,
        )
    return user


def _refuse_taken(username: str, email: str) -> None:
    if User.objects.filter(username__iexact=username).exists():
        raise DomainError(
            _("The user name %(name)s was given before. Choose another one.") % {"name": username},
            code="username_taken",
            item="username",
        )
    if User.objects.filter(email__iexact=email).exists():
        raise DomainError(
            _("There is already an account with the address %(email)s.") % {"email": email},
            code="email_taken",
            item="email",
        )


def invite_again(actor: Actor, user: User, *, reason: str = "") -> None:
    """Mail the link to set the first password once more. Refuses a person who has set one or is deactivated."""
    require_operator(actor)
    with ledger(actor, None) as entry:
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active or user.has_usable_password():
            raise DomainError(_("This person needs no invitation."), code="no_invitation_due")
        entry(action="accounts.account.invited", obj=user, reason=reason, outbox=True)


def deactivate_account(actor: Actor, user: User, *, reason: str) -> User:
    """The person cannot sign in any more and is signed out everywhere now. Refuses oneself, and the last operator."""
    require_operator(actor)
    with ledger(actor, None) as entry:
        # operators are locked in one order, so that two who deactivate each other cannot both succeed
        operators = set(
            User.objects.select_for_update()
            .filter(is_operator=True, is_active=True)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active:
            raise DomainError(_("The account is already deactivated."), code="already_inactive")
        if user.pk == actor.user_id:
            raise DomainError(_("Nobody deactivates their own account. Ask another operator."), code="own_account")
        if operators == {user.pk}:
            raise DomainError(_("This is the last operator's account."), code="last_operator")
        user.is_active = False
        user.save(update_fields=["is_active"])
        end_sessions(user)
        entry(action="accounts.account.deactivated", obj=user, changes=[("is_active", "True", "False")], reason=reason)
    return user


def reactivate_account(actor: Actor, user: User, *, reason: str) -> User:
    """The same person may sign in again; their memberships are as they were left."""
    require_operator(actor)
    with ledger(actor, None) as entry:
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.is_active:
            raise DomainError(_("The account is active."), code="already_active")
        user.is_active = True
        user.save(update_fields=["is_active"])
        entry(action="accounts.account.reactivated", obj=user, changes=[("is_active", "False", "True")], reason=reason)
    return user


def require_mfa(actor: Actor, user: User, *, reason: str = "") -> None:
    """From now on the person needs a second factor; it is never lifted here. Called where a role is granted.

    Only ever raises the bar, so it asks for no right of its own: whoever grants the role holds one.
    """
    with ledger(actor, None) as entry:
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.mfa_required:
            return
        user.mfa_required = True
        user.save(update_fields=["mfa_required"])
        entry(
            action="accounts.second_factor.required",
            obj=user,
            changes=[("mfa_required", "False", "True")],
            reason=reason,
        )


def reset_second_factor(actor: Actor, user: User, *, reason: str) -> None:
    """For a lost phone or key: takes the person's second factors away and signs them out; they set up new ones."""
    require_operator(actor)
    with ledger(actor, None) as entry:
        user = User.objects.select_for_update().get(pk=user.pk)
        held = list(Authenticator.objects.filter(user=user))
        if not held:
            raise DomainError(_("The person has no second factor."), code="no_second_factor")
        if user.pk == actor.user_id:
            raise DomainError(_("Ask another operator to reset your second factor."), code="own_account")
        Authenticator.objects.filter(user=user).delete()
        end_sessions(user)
        entry(
            action="accounts.second_factor.reset",
            obj=user,
            changes=[("second_factor", str(factor.type), None) for factor in held],
            reason=reason,
        )


def change_language(actor: Actor, user: User, language: str) -> None:
    """The language of one's own pages and mails."""
    if actor.user_id != user.pk and not actor.is_system:
        raise Forbidden(MANAGE_ACCOUNTS)
    if user.language == language:
        return
    with ledger(actor, None) as entry:
        before, user.language = user.language, language
        user.save(update_fields=["language"])
        entry(action="accounts.account.changed", obj=user, changes=[("language", before, language)])


def end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def prolong_session(actor: Actor, session: SessionBase) -> None:
    """The person said that they are still here: the idle time starts again. Not an event of the ledger."""
    session[SEEN] = int(time.time())
