"""The study's audit trail as an actor may read it: their sites, and nothing that tells the blinded the arm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.audit.chain import chain_of
from apps.audit.models import Event
from apps.audit.selectors import EventView, view_of
from apps.casebook.selectors.reader import Reader
from apps.studies.access import sees_whole_study, sites_visible_to
from apps.studies.models import Study
from apps.studies.protocol import get_protocol

SIZE = 50
# first part of an action → what it is about
AREAS = {
    "capture": _("Data"),
    "subjects": _("Subjects"),
    "visits": _("Visits"),
    "enrolment": _("Enrolment"),
    "randomization": _("Randomization"),
    "safety": _("Safety"),
    "dosing": _("Levels"),
    "review": _("Review"),
    "exports": _("Exports"),
    "notifications": _("Notices"),
    "labs": _("Laboratory"),
    "studies": _("Study and people"),
}


@dataclass(frozen=True)
class Trail:
    """``next_after`` names an event, not a position: positions have gaps where the blinded may not look."""

    rows: list[EventView]
    next_after: str
    is_first: bool


def trail_of(reader: Reader, study: Study, params: Mapping[str, str]) -> Trail:
    """One page, newest first, filtered by ``area``, ``person``, ``subject``, ``since`` and ``until`` (days in UTC)."""
    events = _filtered(_visible(reader, study), study, params)
    after = _seq_of(study, params.get("after", ""))
    if after is not None:
        events = events.filter(seq__lt=after)
    found = list(events.order_by("-seq")[: SIZE + 1])
    rows = [_blurred(reader, study, view_of(event)) for event in found[:SIZE]]
    return Trail(rows, str(found[SIZE - 1].pk) if len(found) > SIZE else "", is_first=after is None)


def _visible(reader: Reader, study: Study) -> QuerySet[Event]:
    events = Event.objects.filter(chain=chain_of(study.pk))
    if not sees_whole_study(reader.actor, study.pk):
        events = events.filter(site_id__in=sites_visible_to(reader.actor, study.pk).values("pk"))
    return events.filter(audience="") if reader.blinded else events


def _filtered(events: QuerySet[Event], study: Study, params: Mapping[str, str]) -> QuerySet[Event]:
    if params.get("area") in AREAS:
        events = events.filter(action__startswith=f"{params['area']}.")
    if params.get("person", "").isdecimal() and len(params["person"]) < 18:
        events = events.filter(actor_id=int(params["person"]))
    if subject := params.get("subject", "").replace("\x00", "").strip():
        events = events.filter(subject_id__in=study.subjects.filter(number=subject).values("pk"))
    since, until = _midnight(params.get("since", "")), _midnight(params.get("until", ""), days_later=1)
    if since:
        events = events.filter(at__gte=since)
    return events.filter(at__lt=until) if until else events


def _midnight(text: str, days_later: int = 0) -> datetime | None:
    """The UTC midnight that begins the day; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days_later), time(), UTC)
    except (ValueError, OverflowError):
        return None


def _seq_of(study: Study, after: str) -> int | None:
    try:
        return Event.objects.filter(chain=chain_of(study.pk), pk=UUID(after)).values_list("seq", flat=True).first()
    except ValueError:
        return None


def _blurred(reader: Reader, study: Study, event: EventView) -> EventView:
    """Without the changes of blinded items in a form that is otherwise open."""
    if not reader.blinded or not event.changes or study.version_id is None:
        return event
    hidden = get_protocol(study.version_id).hidden_from_blinded
    changes = tuple(change for change in event.changes if str(change[0]).rsplit("/", 1)[-1] not in hidden)
    return EventView(**{**vars(event), "changes": changes})


def people_of(reader: Reader, study: Study) -> list[tuple[int, str]]:
    """Who has held a role at the study, for the filter by person."""
    rows = study.memberships.select_related("user").order_by("user__full_name", "user_id")
    if not sees_whole_study(reader.actor, study.pk):
        rows = rows.filter(Q(site=None) | Q(site__in=sites_visible_to(reader.actor, study.pk)))
    return list(dict.fromkeys((row.user_id, str(row.user)) for row in rows))
