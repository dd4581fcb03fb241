"""Who holds which role at which site: given and ended, never deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import require_mfa
from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.permissions import Role
from apps.studies.access import require, require_everywhere
from apps.studies.models import Membership, Site, Study
from apps.studies.permissions import MANAGE_PEOPLE
from apps.studies.protocol import get_protocol


def grant_role(
    actor: Actor, user: User, study: Study, role: str, site: Site | None = None, *, reason: str = ""
) -> Membership:
    """The person holds the role at the site (``None``: at all sites of the study, which only who manages all may give).

    Refused: a deactivated account, the operator's account (sees no clinical data), a role held already, a role that the
    actor would give to themselves.
    """
    _require_manager(actor, study, site)
    _refuse_person(actor, user)
    if role not in Role.values or (site is not None and site.study_id != study.pk):
        raise DomainError(_("There is no such role or site in this study."), code="unknown_role")
    with _roles_locked(study), ledger(actor, study.pk) as entry:
        if Membership.objects.filter(user=user, study=study, site=site, role=role, ended_at=None).exists():
            raise DomainError(_("%(person)s holds this role here already.") % {"person": user}, code="role_held")
        held = Membership.objects.create(user=user, study=study, site=site, role=role)
        entry(
            action="studies.role.granted",
            obj=held,
            label=str(user),
            site_id=site.pk if site else None,
            changes=[("user", None, user.username), ("role", None, role), ("site", None, site.code if site else None)],
            reason=reason,
            outbox=True,
        )
        if role in _second_factor_roles(study):
            require_mfa(actor, user, reason=study.slug)
    return held


def end_role(actor: Actor, held: Membership, *, reason: str = "") -> Membership:
    """The role ends now. Refused: one that has ended, and the study's last administrator for all sites."""
    _require_manager(actor, held.study, held.site)
    with _roles_locked(held.study), ledger(actor, held.study_id) as entry:
        held = Membership.objects.select_related("user", "site").get(pk=held.pk)
        if held.ended_at is not None:
            raise DomainError(_("This role has ended already."), code="role_ended")
        _refuse_last_admin(held)
        held.ended_at = timezone.now()
        held.save(update_fields=["ended_at"])
        entry(
            action="studies.role.ended",
            obj=held,
            label=str(held.user),
            site_id=held.site_id,
            changes=[("role", held.role, None), ("site", held.site.code if held.site else None, None)],
            reason=reason,
            outbox=True,
        )
    return held


@contextmanager
def _roles_locked(study: Study) -> Iterator[None]:
    """One change of the study's roles after the other: nobody gets a role twice, and of two administrators who end one
    another one stays."""
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).only("pk").get(pk=study.pk)
        yield


def _require_manager(actor: Actor, study: Study, site: Site | None) -> None:
    if site is None:
        require_everywhere(actor, MANAGE_PEOPLE, study_id=study.pk)
    else:
        require(actor, MANAGE_PEOPLE, study_id=study.pk, site_id=site.pk)


def _refuse_person(actor: Actor, user: User) -> None:
    if not user.is_active:
        raise DomainError(_("This account is deactivated."), code="inactive_user")
    if user.is_operator:
        raise DomainError(_("The operator runs the server and sees no clinical data."), code="operator")
    if user.pk == actor.user_id:
        raise DomainError(_("Nobody gives a role to themselves; ask another administrator."), code="own_role")


def _refuse_last_admin(held: Membership) -> None:
    admins = Membership.objects.filter(study_id=held.study_id, site=None, role=Role.STUDY_ADMIN, ended_at=None)
    if held.role == Role.STUDY_ADMIN and held.site_id is None and not admins.exclude(pk=held.pk).exists():
        raise DomainError(_("This is the study's last administrator; give somebody else the role first."), code="last_admin")


def _second_factor_roles(study: Study) -> list[str]:
    return get_protocol(study.version_id).definition.mfa_roles if study.version_id else []
