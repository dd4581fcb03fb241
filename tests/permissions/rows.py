"""A row says who gets which answer from an address. Each app's rows are in ``rows_<app>.py`` beside this file.

Answers: ``ok`` (the page, a redirect into the house, or a refusal in words because of state or input), ``sign_in``,
``403`` (sees the study, lacks the right) and ``404`` (outside of what the person may know).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.common.permissions import EVERYONE, SITE_ROLES, Permission, Role

PUBLIC, SIGNED_IN, OPERATOR, OWNER, STUDY, SITE = "public", "signed_in", "operator", "owner", "study", "site"
# no such thing there, for anybody: at the site, or in the study
ABSENT, ABSENT_IN_STUDY = "absent", "absent_in_study"
OUTSIDE = {"outsider", "nobody", "operator"}
ROLE_OF = {role.value: role for role in Role} | {"other_site": Role.COORDINATOR, "blinded": Role.OUTCOME_ASSESSOR}
OK = {200, 204, 302, 409, 422}


def nothing(world) -> dict:
    return {}


@dataclass(frozen=True)
class Row:
    """``scope`` says who may know of it; ``right`` who of them may enter. ``kwargs(world)`` makes the address real.

    ``scope`` "site": its subject is at site 01, so the coordinator of site 02 gets 404. ``owner``: one's own thing alone,
    named by ``owner(world)``, gives ok. ``hidden_from`` roles get 404 for blinding.
    """

    scope: str
    right: Permission | None = None
    kwargs: Callable = nothing
    method: str = "get"
    data: Callable = nothing
    ok: frozenset[int] = frozenset(OK)
    hidden_from: frozenset[str] = field(default_factory=frozenset)
    owner: str = ""

    def expected(self, persona: str) -> str:
        if self.scope == PUBLIC:
            return "ok"
        if persona == "anonymous":
            return "sign_in"
        if self.scope == SIGNED_IN:
            return "ok"
        if self.scope == OPERATOR:
            return "ok" if persona == "operator" else "403"
        if self.scope in (ABSENT, ABSENT_IN_STUDY):
            return "403" if self.in_study(persona) == "403" else "404"
        if self.scope == OWNER:
            return "ok" if persona == self.owner else "404"
        return self.in_study(persona)

    def in_study(self, persona: str) -> str:
        if persona in OUTSIDE or (self.scope in (SITE, ABSENT) and persona == "other_site"):
            return "404"
        role = ROLE_OF[persona]
        if role in self.hidden_from:
            return "404"
        return "ok" if role in (self.right.roles if self.right else EVERYONE) else "403"


def post(scope: str, right: Permission | None = None, kwargs: Callable = nothing, data: Callable = nothing, **more) -> Row:
    return Row(scope, right, kwargs, method="post", data=data, **more)


def study_slug(world) -> dict:
    return {"slug": world.study.slug}


def at_subject(world) -> dict:
    return {"slug": world.study.slug, "number": world.subject.number}


__all__ = [
    "ABSENT",
    "ABSENT_IN_STUDY",
    "OPERATOR",
    "OWNER",
    "PUBLIC",
    "SIGNED_IN",
    "SITE",
    "SITE_ROLES",
    "STUDY",
    "Row",
    "at_subject",
    "post",
    "study_slug",
]
