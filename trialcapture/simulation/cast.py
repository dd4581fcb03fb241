"""Who acts: the people who hold each role at a site, as the actors that services want."""

import random
from dataclasses import dataclass

from apps.common.actors import Actor
from apps.common.permissions import Role
from apps.studies.models import Membership, Site

# who steps in where nobody holds the role: whoever may do the same
STAND_IN = {
    Role.SITE_STAFF: Role.COORDINATOR,
    Role.SAFETY_OFFICER: Role.INVESTIGATOR,
    Role.DATA_MANAGER: Role.MONITOR,
    Role.MONITOR: Role.DATA_MANAGER,
}
NEEDED = (Role.COORDINATOR, Role.INVESTIGATOR)


class NobodyThere(Exception):
    """A site has nobody in a role that a subject's course needs."""


@dataclass(frozen=True)
class Cast:
    members: dict[str, list[Actor]]

    @classmethod
    def of(cls, site: Site) -> "Cast":
        """The site's people and those of all sites. Refused (NobodyThere): no coordinator or no investigator."""
        held = Membership.objects.filter(study_id=site.study_id, ended_at=None).select_related("user").order_by("id")
        members: dict[str, list[Actor]] = {}
        for one in held:
            if one.site_id in (None, site.pk):
                actor = Actor(one.user_id, one.user.get_full_name(), language=one.user.language)
                members.setdefault(one.role, []).append(actor)
        missing = [str(role) for role in NEEDED if role not in members]
        if missing:
            raise NobodyThere(
                f"{site.code} has no {' and no '.join(missing)}; load_demo gives the demonstration's sites theirs."
            )
        return cls(members)

    def one(self, role: str, rng: random.Random) -> Actor | None:
        """Somebody of that role, else of the role that stands in; None where there is neither."""
        for name in (role, STAND_IN.get(Role(role))):
            if name and self.members.get(name):
                return rng.choice(self.members[name])
        return None

    def need(self, role: str, rng: random.Random) -> Actor:
        found = self.one(role, rng)
        if found is None:
            raise NobodyThere(f"Nobody is {role} there.")
        return found
