"""May I see it (404), may I do it (403): the two questions every request asks first, in one or two statements."""

from django.db.models import QuerySet

from apps.common.actors import Actor
from apps.common.errors import Forbidden, NotVisible
from apps.common.permissions import Permission
from apps.studies.models import Membership, Site, Study
from apps.studies.protocol import get_protocol


def get_study_for(actor: Actor, slug: str) -> Study:
    """The study, or 404 where the actor holds no role at it. Its version comes without the definition (it is large)."""
    studies = Study.objects.visible_to(actor).select_related("version").defer("version__definition")
    study = studies.filter(slug=slug).first()
    if study is None:
        raise NotVisible
    return study


def sites_visible_to(actor: Actor, study_id: int) -> QuerySet[Site]:
    return Site.objects.visible_to(actor).filter(study_id=study_id)


def held_memberships(actor: Actor) -> list[Membership]:
    """Every role in force of the person, with its study, by the study's slug. Asked once a request."""
    memory = {} if actor.memory is None else actor.memory
    if "memberships" not in memory:
        held = Membership.objects.in_force(actor).select_related("study").order_by("study__slug")
        memory["memberships"] = list(held)
    return memory["memberships"]


def held_roles(actor: Actor, study_id: int) -> frozenset[tuple[int | None, str]]:
    """(site, role) for every role in force at the study; site None is all sites."""
    return frozenset((held.site_id, held.role) for held in held_memberships(actor) if held.study_id == study_id)


def roles_at(actor: Actor, study_id: int, site_id: int | None = None) -> frozenset[str]:
    """The roles that the actor holds at the site (those for all sites included); without a site, anywhere in the study."""
    held = held_roles(actor, study_id)
    return frozenset(role for at, role in held if site_id is None or at in (None, site_id))


def may(actor: Actor, permission: Permission, *, study_id: int, site_id: int | None = None) -> bool:
    return actor.is_system or not permission.roles.isdisjoint(roles_at(actor, study_id, site_id))


def require(actor: Actor, permission: Permission, *, study_id: int, site_id: int | None = None) -> None:
    """Refuse (403) whoever does not hold the right at the study and, where given, at the site."""
    if not may(actor, permission, study_id=study_id, site_id=site_id):
        raise Forbidden(permission)


def require_everywhere(actor: Actor, permission: Permission, *, study_id: int) -> None:
    """Refuse (403) whoever does not hold the right for all sites of the study."""
    if not actor.is_system and not any((None, role) in held_roles(actor, study_id) for role in permission.roles):
        raise Forbidden(permission)


def blinded_roles(version_id: int) -> frozenset[str]:
    return frozenset(get_protocol(version_id).definition.blinding.blinded)


def is_blinded(actor: Actor, study: Study, site_id: int | None = None) -> bool:
    """Whether the actor must not learn the arm: one blinded role blinds, whatever else the person holds."""
    if actor.is_system or study.version_id is None:
        return False
    return not blinded_roles(study.version_id).isdisjoint(roles_at(actor, study.pk, site_id))


def sees_whole_study(actor: Actor, study_id: int) -> bool:
    return actor.is_system or any(site is None for site, _ in held_roles(actor, study_id))
