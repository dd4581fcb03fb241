"""The rail: the rooms of the study that the person may enter, in the order of the work, with what waits in each.

Lazy: a fragment that draws no frame costs no query.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from apps.casebook import waiting
from apps.common.permissions import EVERYONE, REGISTRY
from apps.studies.access import blinded_roles, held_memberships
from apps.studies.models import Site, Study

SHOWN_AT_MOST = 99


@dataclass(frozen=True)
class Room:
    """``right`` is the code of the permission that opens it, ``waiting`` reads the rows that wait in it."""

    view: str
    label: str | Promise
    icon: str
    right: str = ""
    waiting: Callable | None = None
    waits: str | Promise = ""


ROOMS = [
    Room("studies:detail", _("Overview"), "overview"),
    Room("casebook:subjects", _("Subjects"), "subjects", "subjects.view_subjects"),
    Room("casebook:matrix", _("Casebook"), "matrix", "capture.view_records", waiting.overdue_visits, _("visits overdue")),
    Room("casebook:calendar", _("Calendar"), "calendar", "capture.view_records"),
    Room("casebook:consents", _("Consent"), "check", "subjects.view_subjects"),
    Room("casebook:queries", _("Queries"), "queries", "capture.view_records", waiting.open_queries, _("open queries")),
    Room("casebook:verification", _("Verification"), "verification", "capture.view_records"),
    Room("casebook:readings", _("Readings"), "verification", "capture.score_reading"),
    Room(
        "review:deviations",
        _("Deviations"),
        "warning",
        "review.view_deviations",
        waiting.proposed_deviations,
        _("proposed deviations"),
    ),
    Room("review:monitoring", _("Monitoring"), "calendar", "review.view_monitoring"),
    Room("safety:flags", _("Safety"), "safety", "safety.view_flags", waiting.open_flags, _("open flags")),
    Room("randomization:lists", _("Randomization lists"), "key", "randomization.view_lists"),
    Room("casebook:printouts", _("Print"), "exports", "casebook.print"),
    Room("exports:list", _("Exports"), "exports", "exports.export_data"),
    Room("casebook:study_close_out", _("Close-out"), "state-frozen", "review.waive"),
    Room("review:holds", _("Holds"), "state-locked", "review.freeze"),
    Room("studies:people", _("People"), "people", "studies.view_people"),
    Room("studies:permissions", _("Rights"), "permissions"),
    Room("casebook:audit", _("Audit"), "audit", "audit.view_audit"),
]


@dataclass
class OpenRoom:
    room: Room
    url: str
    current: bool
    count: int = 0

    @property
    def label(self):
        return self.room.label

    @property
    def icon(self):
        return self.room.icon

    @property
    def waits(self):
        return self.room.waits

    @property
    def count_shown(self) -> str:
        return f"{SHOWN_AT_MOST}+" if self.count > SHOWN_AT_MOST else str(self.count)


@dataclass
class Rail:
    home_url: str = "/"
    study: Study | None = None
    studies: list[Study] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    site: Site | None = None
    rooms: list[OpenRoom] = field(default_factory=list)
    subjects_url: str = ""
    inbox_url: str = ""

    @property
    def time_zone(self) -> str:
        """Times are shown in the site's zone; in UTC where the sites that one sees differ, and outside of studies."""
        zones = {site.time_zone for site in self.sites}
        return zones.pop() if len(zones) == 1 else "UTC"


def rail(request):
    return {"rail": SimpleLazyObject(lambda: rail_of(request))}


def rail_of(request) -> Rail:
    """The frame's data for whoever asks; empty for those who are not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Rail()
    built = Rail(home_url=address("studies:list") or "/", inbox_url=address("notifications:inbox"))
    match = getattr(request, "resolver_match", None)
    slug = match.kwargs.get("slug") if match else None
    if slug is None:
        return built
    held = held_memberships(request.actor)
    built.studies = list({m.study_id: m.study for m in held}.values())
    built.study = next((study for study in built.studies if study.slug == slug), None)
    if built.study is not None:
        _furnish(built, built.study, request, frozenset(m.role for m in held if m.study_id == built.study.pk))
    return built


def _furnish(built: Rail, study: Study, request, roles: frozenset[str]) -> None:
    built.subjects_url = address("casebook:subjects", slug=study.slug)
    built.sites = list(Site.objects.visible_to(request.actor).filter(study=study))
    code = request.GET.get("site")
    built.site = next((site for site in built.sites if site.code == code), None)
    blinded = not blinded_roles(study.version_id).isdisjoint(roles) if study.version_id else False
    current = room_of(request.resolver_match.view_name)
    rooms = [(room, address(room.view, slug=study.slug)) for room in ROOMS if may_enter(room, roles)]
    counts = waiting.counted(
        {room.view: room.waiting(request.actor, study, built.sites, blinded) for room, url in rooms if url and room.waiting}
    )
    built.rooms = [OpenRoom(room, url, room is current, counts[room.view]) for room, url in rooms if url]


def may_enter(room: Room, roles: frozenset[str]) -> bool:
    if not room.right:
        return not EVERYONE.isdisjoint(roles)
    permission = REGISTRY.get(room.right)
    return permission is not None and not permission.roles.isdisjoint(roles)


# pages that stand in another room than the subjects'
INSIDE = {
    "casebook:reading": "casebook:readings",
    "randomization:import": "randomization:lists",
    "randomization:dry_run": "randomization:lists",
    "randomization:step": "randomization:lists",
}


def room_of(view_name: str) -> Room | None:
    """The room that a page stands in; a page of one subject stands in Subjects."""
    name = INSIDE.get(view_name, view_name)
    exact = next((room for room in ROOMS if room.view == name), None)
    if exact or not name.startswith("casebook:"):
        return exact
    return next(room for room in ROOMS if room.view == "casebook:subjects")


def address(view: str, **kwargs) -> str:
    """The page's address, or "" where this installation has no such page."""
    try:
        return reverse(view, kwargs=kwargs)
    except NoReverseMatch:
        return ""
