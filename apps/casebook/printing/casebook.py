"""One subject's casebook on paper: every value, missing code, query, signature and event that the reader may see."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from reportlab.platypus import Flowable

from apps.capture.models import FormRecord, Query
from apps.capture.paths import paths_of
from apps.capture.selectors import visible_queries
from apps.casebook.record_fields import shown_value
from apps.casebook.selectors.grid import visit_label
from apps.casebook.selectors.queries import role_name
from apps.casebook.selectors.reader import Reader, status_for
from apps.casebook.selectors.signatures import signature_lines
from apps.casebook.selectors.trail import trail_lines
from apps.common.pdf import BODY, FADED, HEADING, SMALL, STRONG, SUBHEADING, TITLE, Bookmark, PageBreak, space, table, words
from apps.common.text import day_in_words, in_language
from apps.common.units import unit_words
from apps.studies.models import Study
from apps.studies.protocol import CompiledForm, Protocol, get_protocol
from apps.studies.wording import said
from apps.subjects.models import Subject


@dataclass
class CasebookStory:
    """The story of one subject. ``values`` counts what was printed, to be held against the database."""

    reader: Reader
    subject: Subject
    until: datetime | None = None  # the part of a former site: as it stood when the subject left
    values: int = 0
    forms: int = 0
    _hidden: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        study = self.subject.study
        blinded = self.reader.blinded and study.version_id is not None
        self._hidden = get_protocol(study.version_id).hidden_from_blinded if blinded else frozenset()

    def __iter__(self) -> Iterator[Flowable]:
        yield from self._cover()
        yield from self._records()
        yield from self._signatures()
        yield from self._trail()

    # -- cover

    def _cover(self) -> Iterator[Flowable]:
        subject, study = self.subject, self.subject.study
        yield Bookmark(_("Subject %(number)s") % {"number": subject.number})
        yield words(in_language(study.title), TITLE)
        facts = [
            (_("Subject"), subject.number),
            (_("Site"), str(subject.site)),
            (_("Status"), str(status_for(self.reader, subject.status).label)),
            (_("Registry number"), study.registry_id or "–"),
            (_("Version of the study"), str(study.version.number) if study.version else "–"),
            (_("Times"), "UTC"),
        ]
        yield table([[words(name, STRONG), value] for name, value in facts], [1, 3])
        yield space(4)
        for line in (
            _("A value in grey is hidden by other answers: it is kept, and does not count."),
            _("A dash is an empty item. A missing value stands with its reason in words."),
            _("A form or a line that was taken out of the data is printed too, and says so."),
        ):
            yield words(line, SMALL)

    # -- records

    def _records(self) -> Iterator[Flowable]:
        queries = self._queries()
        visit_id: int | None = 0
        for record in self.records():
            protocol = get_protocol(record.version_id)
            form = protocol.forms[record.form_oid]
            if record.visit_id != visit_id:
                visit_id = record.visit_id
                yield PageBreak()
                yield Bookmark(self._visit(protocol, record), 1)
                yield words(self._visit(protocol, record), HEADING)
            yield from self._record(protocol, form, record)
            yield from self._threads(form, queries.get(record.pk, []))

    def records(self) -> Iterator[FormRecord]:
        """In the order of the casebook: visits, then logs; those of blinded forms and visits only for who may know."""
        rows = FormRecord.objects.filter(subject=self.subject, revision__gt=0).select_related("visit")
        if self._hidden:
            rows = rows.exclude(form_oid__in=self._hidden).exclude(visit__audience="unblinded")
        ordered = rows.order_by("visit__position", "visit_id", "form_oid", "repeat").iterator(chunk_size=100)
        return ordered if self.until is None else self._as_of(ordered, self.until)

    def _as_of(self, rows: Iterable[FormRecord], until: datetime) -> Iterator[FormRecord]:
        """Each record as its last revision before then left it; what came later is not there."""
        for record in rows:
            then = record.revisions.filter(at__lte=until).order_by("-revision").first()
            if then is not None:
                for name in ("data", "irrelevant", "status", "inactive", "revision", "version_id"):
                    setattr(record, name, getattr(then, name))
                record.updated_at = then.at
                yield record

    def _visit(self, protocol: Protocol, record: FormRecord) -> str:
        if record.visit is None:
            return _("At any time")
        day = record.visit.actual
        return in_language(visit_label(protocol, record.visit)) + (f" · {day_in_words(day)}" if day else "")

    def _record(self, protocol: Protocol, form: CompiledForm, record: FormRecord) -> Iterator[Flowable]:
        self.forms += 1
        title = said(form.title) + (f" #{record.repeat}" if record.repeat > 1 or record.visit_id is None else "")
        yield Bookmark(title, 2)
        yield words(title, SUBHEADING)
        state = [
            str(record.get_status_display()),
            _("revision %(number)s") % {"number": record.revision},
            _("saved %(at)s UTC") % {"at": f"{record.updated_at:%Y-%m-%d %H:%M}"},
        ]
        if record.inactive:
            state.append(_("taken out of the data"))
        if why := self._why(record):
            state.append(why)
        yield words(" · ".join(state), SMALL)
        paths = paths_of(record.data)
        for group in form.definition.groups:
            oids = [item.oid for item in group.items if item.oid in form.items and item.oid not in self._hidden]
            if not oids:
                continue
            if group.title:
                yield words(said(group.title), STRONG)
            if group.repeating:
                for number, line in enumerate(record.data.get(group.oid) or [], 1):
                    gone = _("taken out: %(why)s") % {"why": line["_inactive"]} if "_inactive" in line else ""
                    yield words(" · ".join(part for part in (f"{number}", gone) if part), SMALL)
                    yield self._items(
                        protocol, form, record, paths, [(oid, f"{group.oid}/{line['_key']}/{oid}") for oid in oids]
                    )
            else:
                yield self._items(protocol, form, record, paths, [(oid, oid) for oid in oids])

    def _items(self, protocol: Protocol, form: CompiledForm, record: FormRecord, paths: dict, places: list) -> Flowable:
        rows = []
        hidden = set(record.irrelevant)
        for oid, path in places:
            item = form.items[oid]
            if item.definition.type == "note":
                continue
            value = paths.get(path)
            self.values += value is not None
            shown = self._shown(protocol, item, value, paths.get(f"{path}@entered"))
            if path in hidden:
                shown = f"{shown} ({_('hidden by other answers')})" if value is not None else "–"
            rows.append([words(said(item.definition.label)), words(shown, FADED if path in hidden else BODY)])
        return table(rows or [["", ""]], [2, 3])

    @staticmethod
    def _shown(protocol: Protocol, item: Any, value: Any, entered: Any) -> str:
        """With its unit, and what was typed where another unit was chosen."""
        text = shown_value(protocol, item, value)
        if not text:
            return "–"
        if item.definition.unit and not isinstance(value, dict):
            text = f"{text} {unit_words(item.definition.unit)}"
        return f"{text} ({_('typed:')} {entered['value']} {unit_words(entered['unit'])})" if entered else text

    @staticmethod
    def _why(record: FormRecord) -> str:
        """The newest reason of a form that was not done or taken out."""
        if not record.inactive and record.status != FormRecord.Status.NOT_DONE:
            return ""
        newest = record.revisions.exclude(reason="").order_by("-revision").values_list("reason", flat=True).first()
        return newest or ""

    # -- queries

    def _queries(self) -> dict[int, list[Query]]:
        seen = visible_queries(self.reader.actor, self.subject.study, is_blinded=self.reader.blinded)
        found: dict[int, list[Query]] = {}
        if self.until is not None:
            seen = seen.none()  # a thread goes on at the new site
        for query in seen.filter(subject=self.subject).order_by("pk").prefetch_related("messages"):
            found.setdefault(query.record_id, []).append(query)
        return found

    def _threads(self, form: CompiledForm, queries: list[Query]) -> Iterator[Flowable]:
        if not queries:
            return
        yield words(_("Queries"), STRONG)
        rows = []
        for query in queries:
            item = form.items.get(query.item_oid)
            about = said(item.definition.label) if item else said(form.title)
            thread = [f"{in_language(query.text)} ({query.get_kind_display()}, {role_name(query.assigned_role)})"]
            thread += [
                f"{message.at:%Y-%m-%d %H:%M} {message.actor_name}: {message.step} {message.text}".strip()
                for message in query.messages.all()
            ]
            rows.append([about, query.get_status_display(), "\n".join(thread)])
        yield table(rows, [2, 1, 5])

    # -- signatures and the trail

    def _signatures(self) -> Iterator[Flowable]:
        """Printed name, date and time, and meaning (21 CFR 11.50), and whether it still holds (11.70)."""
        yield PageBreak()
        yield Bookmark(_("Signatures"), 1)
        yield words(_("Signatures"), HEADING)
        lines = signature_lines(self.reader, self.subject)
        if self.until is not None:
            lines = [line for line in lines if line.signature.at <= self.until]
        if not lines:
            yield words(_("Nothing is signed"), FADED)
            return
        head = [words(name, STRONG) for name in (_("Name"), _("Date and time (UTC)"), _("Level"), _("Meaning"), _("Holds"))]
        rows: list[list[Any]] = [head]
        for line in lines:
            signature = line.signature
            at = f"{signature.at:%Y-%m-%d %H:%M:%S}"
            holds = _("yes") if line.is_current else _("changed since")
            rows.append([signature.actor_name, at, line.level, line.meaning, holds])
        yield table(rows, [2, 2, 1.2, 4, 1.2], head=True)

    def _trail(self) -> Iterator[Flowable]:
        """Everything that happened, oldest first, in pieces so that a long life needs no more memory than a short one."""
        yield PageBreak()
        yield Bookmark(_("Audit trail"), 1)
        yield words(_("Audit trail"), HEADING)
        head = [words(name, STRONG) for name in (_("When (UTC)"), _("Who"), _("What"), _("Changes"), _("Reason"))]
        rows: list[list[Any]] = []
        until = self.until.isoformat() if self.until else ""
        for line in trail_lines(self.reader, self.subject.study, {"subject": self.subject.number, "until": until}):
            changes = "\n".join(f"{one.label}: {one.old or '–'} → {one.new or '–'}" for one in line.changes)
            event = line.event
            cells = (f"{event.at:%Y-%m-%d %H:%M:%S}", event.actor.name, f"{line.action}\n{line.what}", changes, event.reason)
            rows.append([words(cell, SMALL) for cell in cells])
            if len(rows) == 40:
                yield table([head, *rows], TRAIL, head=True)
                rows = []
        if rows:
            yield table([head, *rows], TRAIL, head=True)


TRAIL = [1.5, 1.5, 2.5, 4, 1.5]
COUNT = """SELECT coalesce(sum(CASE WHEN jsonb_typeof(e.value) = 'array' AND jsonb_typeof(e.value -> 0) = 'object'
    THEN (SELECT count(*) FROM jsonb_array_elements(e.value) AS line CROSS JOIN jsonb_object_keys(line) AS key
        WHERE left(key, 1) <> '_' AND key <> ALL(%(hidden)s))
    ELSE 1 END), 0)
    FROM capture_formrecord r CROSS JOIN jsonb_each(r.data) AS e LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
    WHERE r.subject_id = %(subject)s AND left(e.key, 1) <> '_' AND e.key <> ALL(%(hidden)s)
    AND r.form_oid <> ALL(%(hidden)s) AND (%(all)s OR coalesce(v.audience, '') = '')"""


def values_in_database(subject: Subject, study: Study, *, blinded: bool) -> int:
    """How many values the subject's records hold, as the database counts them."""
    hidden = sorted(get_protocol(study.version_id).hidden_from_blinded) if blinded and study.version_id else []
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"subject": subject.pk, "hidden": hidden, "all": not blinded})
        return int(cursor.fetchone()[0])
