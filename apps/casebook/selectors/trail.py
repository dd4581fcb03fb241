"""The study's audit trail as an actor may read it: their sites, and nothing that tells the blinded the arm.

Every filter stands on an index that ends in the position, so that a page takes the same time at fifty thousand events
and at five million.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Func, Q, QuerySet, TextField
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.chain import chain_of
from apps.audit.models import Event
from apps.audit.selectors import EventView, view_of
from apps.casebook.selectors.lists import clean
from apps.casebook.selectors.reader import Reader, status_for
from apps.casebook.selectors.trail_words import ACTIONS, EventLine, Speaker
from apps.studies.access import sees_whole_study, sites_visible_to
from apps.studies.models import Study
from apps.studies.protocol import get_protocol
from apps.studies.wording import said

SIZE = 50
FILTERS = ("area", "action", "person", "subject", "form", "since", "until")
# first part of an action → what it is about
AREAS: dict[str, str | Promise] = {
    "capture": gettext_lazy("Data"),
    "subjects": gettext_lazy("Subjects"),
    "visits": gettext_lazy("Visits"),
    "enrolment": gettext_lazy("Enrolment"),
    "randomization": gettext_lazy("Randomization"),
    "safety": gettext_lazy("Safety"),
    "dosing": gettext_lazy("Levels"),
    "review": gettext_lazy("Review"),
    "exports": gettext_lazy("Exports"),
    "casebook": gettext_lazy("Casebook"),
    "notifications": gettext_lazy("Notices"),
    "labs": gettext_lazy("Laboratory"),
    "studies": gettext_lazy("Study and people"),
}
SLACK = timedelta(hours=1)  # positions and times agree but for transactions that overlapped


@dataclass(frozen=True)
class Trail:
    """``next_after`` names an event, not a position: positions have gaps where the blinded may not look.

    ``unknown`` says which filter names nothing, so that an empty page is no riddle.
    """

    rows: list[EventLine]
    next_after: str
    is_first: bool
    unknown: list[str] = field(default_factory=list)


@dataclass
class Asked:
    """What the address asks for, read once: conditions on the events, actions of an area, and what nobody knows."""

    conditions: Q = field(default_factory=Q)
    actions: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def trail_of(reader: Reader, study: Study, params: Mapping[str, str]) -> Trail:
    """One page, newest first, filtered by ``area``, ``action``, ``person``, ``subject``, ``form``, ``since``, ``until``.

    The last two are days, or days with a time (2024-05-17T09:30), in UTC.
    """
    asked = _asked(reader, study, params)
    after = _seq_of(study, params.get("after", ""))
    if asked.unknown:
        return Trail([], "", is_first=True, unknown=asked.unknown)
    events = _visible(reader, study).filter(asked.conditions)
    if after is not None:
        events = events.filter(seq__lt=after)
    found = _newest(events, asked.actions)
    views = [_blurred(reader, study, view_of(event)) for event in found[:SIZE]]
    speaker = Speaker.of(views, study.version_id)
    next_after = str(found[SIZE - 1].pk) if len(found) > SIZE else ""
    return Trail([speaker.line(view) for view in views], next_after, is_first=after is None)


def trail_lines(reader: Reader, study: Study, params: Mapping[str, str]) -> Iterator[EventLine]:
    """Everything that the filters show, oldest first, streamed."""
    asked = _asked(reader, study, params)
    if asked.unknown:
        return
    events = _visible(reader, study).filter(asked.conditions)
    if asked.actions:
        events = events.filter(action__in=asked.actions)
    batch: list[EventView] = []
    for event in events.order_by("seq").iterator(chunk_size=500):
        batch.append(_blurred(reader, study, view_of(event)))
        if len(batch) == 500:
            yield from _said(study, batch)
            batch = []
    yield from _said(study, batch)


def _said(study: Study, batch: list[EventView]) -> Iterator[EventLine]:
    speaker = Speaker.of(batch, study.version_id)
    return (speaker.line(view) for view in batch)


def _newest(events: QuerySet[Event], actions: list[str]) -> list[Event]:
    """The newest events of a page and one more. Of several actions each one's newest, merged: each by its own index."""
    if not actions:
        return list(events.order_by("-seq")[: SIZE + 1])
    heads = [events.filter(action=action).order_by("-seq")[: SIZE + 1] for action in actions]
    merged = heads[0].union(*heads[1:], all=True) if len(heads) > 1 else heads[0]
    return list(merged.order_by("-seq")[: SIZE + 1])


def _visible(reader: Reader, study: Study) -> QuerySet[Event]:
    events = Event.objects.alias(form_of=FormOf()).filter(chain=chain_of(study.pk))
    if not sees_whole_study(reader.actor, study.pk):
        events = events.filter(site_id__in=list(sites_visible_to(reader.actor, study.pk).values_list("pk", flat=True)))
    return events.filter(audience="") if reader.blinded else events


class FormOf(Func):
    """The form that an event is about, as the index on it is written (audit migration 0004)."""

    template = r"""substring(body from '"details":\{"form":"([A-Z][A-Z0-9_]*)"')"""
    output_field = TextField()


def _asked(reader: Reader, study: Study, params: Mapping[str, str]) -> Asked:
    asked = Asked()
    action, area = clean(params.get("action", "")), params.get("area", "")
    if action in ACTIONS:
        asked.conditions &= Q(action=action)
    elif action:
        asked.unknown.append(_("There is no action “%(text)s”.") % {"text": action})
    elif area in AREAS:
        asked.actions = [name for name in ACTIONS if name.startswith(f"{area}.")]
    person = params.get("person", "")
    if person.isascii() and person.isdigit() and len(person) < 18:
        asked.conditions &= Q(actor_id=int(person))
    elif person:
        asked.unknown.append(_("There is no person “%(text)s”.") % {"text": clean(person)})
    if subject := clean(params.get("subject", "")):
        pk = study.subjects.filter(number=subject).values_list("pk", flat=True).first()
        asked.conditions &= Q(subject_id=pk)
        if pk is None:
            asked.unknown.append(_("No subject has the number “%(text)s”.") % {"text": subject})
    if form := clean(params.get("form", "")):
        asked.conditions &= Q(form_of=form)
    _of_time(study, params, asked)
    return asked


def _of_time(study: Study, params: Mapping[str, str], asked: Asked) -> None:
    """Times become positions first, with some slack: a time far back is found without walking through what came later."""
    chain = Event.objects.filter(chain=chain_of(study.pk))
    for name, lookup, is_end in (("since", "gte", False), ("until", "lt", True)):
        text = params.get(name, "")
        if not text:
            continue
        moment = moment_of(text, is_end=is_end)
        if moment is None:
            asked.unknown.append(_("“%(text)s” is not a day; write for example 2024-05-17.") % {"text": clean(text)})
            continue
        asked.conditions &= Q(**{f"at__{lookup}": moment})
        if is_end:
            bound = chain.filter(at__lt=moment + SLACK).order_by("-at").values_list("seq", flat=True).first()
            asked.conditions &= Q(seq__lte=bound if bound is not None else 0)
        else:
            bound = chain.filter(at__gte=moment - SLACK).order_by("at").values_list("seq", flat=True).first()
            if bound is None:
                asked.conditions &= Q(seq__lt=0)
            else:
                asked.conditions &= Q(seq__gte=bound)


def moment_of(text: str, *, is_end: bool) -> datetime | None:
    """The moment in UTC; a day alone is its begin, or as an end that of the next day. None for what is no time."""
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return datetime.combine(date.fromisoformat(text) + timedelta(days=int(is_end)), time(), UTC)
    except (ValueError, OverflowError):
        return None


def _seq_of(study: Study, after: str) -> int | None:
    try:
        return Event.objects.filter(chain=chain_of(study.pk), pk=UUID(after)).values_list("seq", flat=True).first()
    except ValueError:
        return None


def _blurred(reader: Reader, study: Study, event: EventView) -> EventView:
    """Without the changes of blinded items in a form that is otherwise open; a status as the blinded may know it."""
    if not reader.blinded or not event.changes or study.version_id is None:
        return event
    hidden = get_protocol(study.version_id).hidden_from_blinded
    changes = tuple(change for change in event.changes if str(change[0]).rsplit("/", 1)[-1] not in hidden)
    if event.action.startswith("subjects.status."):
        changes = tuple((path, status_for(reader, old), status_for(reader, new)) for path, old, new in changes)
    return EventView(**{**vars(event), "changes": changes})


def people_of(reader: Reader, study: Study) -> list[tuple[int, str]]:
    """Who has held a role at the study, for the filter by person."""
    rows = study.memberships.select_related("user").order_by("user__full_name", "user_id")
    if not sees_whole_study(reader.actor, study.pk):
        rows = rows.filter(Q(site=None) | Q(site__in=sites_visible_to(reader.actor, study.pk)))
    return list(dict.fromkeys((row.user_id, str(row.user)) for row in rows))


def forms_of(reader: Reader, study: Study) -> list[tuple[str, str]]:
    """Forms to filter by, those of the blinded left out for whoever is."""
    if study.version_id is None:
        return []
    forms = get_protocol(study.version_id).forms.values()
    return [(form.oid, said(form.title)) for form in forms if not (reader.blinded and form.blinded)]
