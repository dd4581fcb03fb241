"""Who reads: the roles held at one place, read once for all that a page asks about them."""

from dataclasses import dataclass

from apps.common.actors import Actor
from apps.common.permissions import Permission
from apps.randomization.permissions import VIEW_ALLOCATION
from apps.studies.access import blinded_roles, roles_at
from apps.studies.models import Study
from apps.subjects.models import Subject
from apps.subjects.status import TREATED


@dataclass(frozen=True)
class Reader:
    actor: Actor
    roles: frozenset[str]
    blinded: bool

    def may(self, permission: Permission) -> bool:
        """Whether a button is shown. The service behind it asks again."""
        return self.actor.is_system or not permission.roles.isdisjoint(self.roles)

    @property
    def sees_arms(self) -> bool:
        return not self.blinded and self.may(VIEW_ALLOCATION)


def status_for(reader: Reader, status: str) -> Subject.Status:
    """The status as the reader may know it: whether treatment began or stopped may tell the arm."""
    blurred = reader.blinded and status in TREATED
    return Subject.Status.RANDOMIZED if blurred else Subject.Status(status)


def statuses_for(reader: Reader) -> list[tuple[str, str]]:
    """The statuses that the reader may filter by."""
    return [(s.value, str(s.label)) for s in Subject.Status if status_for(reader, s) == s]


def behind(reader: Reader, status: str) -> list[str]:
    """The stored statuses that the reader sees as this one; none for a name that is no status."""
    return [stored.value for stored in Subject.Status if status_for(reader, stored).value == status]


def reader_of(actor: Actor, study: Study, site_id: int | None = None) -> Reader:
    """One statement. Without a site, a blinded role at any site of the study blinds."""
    roles = frozenset() if actor.is_system else roles_at(actor, study.pk, site_id)
    blinded = study.version_id is not None and not blinded_roles(study.version_id).isdisjoint(roles)
    return Reader(actor, roles, blinded)
