"""Where a record stands, for whom: study, site, subject, visit, version, roles, milestones and queries in one statement.

``load_place`` is the access function of every record: what the actor may not see does not exist (404).
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from apps.capture.models import FormRecord
from apps.capture.permissions import ENTER_DATA, SCORE_READING
from apps.common.actors import Actor
from apps.common.errors import Forbidden, NotVisible
from apps.common.permissions import Permission
from apps.common.prepared import prepared_cursor
from apps.rules import Rule
from apps.studies.holding import refusal
from apps.studies.models import Hold, Site, Study
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit


@dataclass(frozen=True)
class RecordRef:
    """One form of one subject: at a visit, or of a log (``visit_id`` None); ``repeat`` counts records of one form.

    The subject is named by its id, or by the study's slug and the subject's number as an address does.
    """

    subject_id: int | None
    form_oid: str
    visit_id: int | None = None
    repeat: int = 1
    slug: str = ""
    number: str = ""

    @classmethod
    def of(cls, record: FormRecord) -> "RecordRef":
        return cls(record.subject_id, record.form_oid, record.visit_id, record.repeat)

    @classmethod
    def at(cls, slug: str, number: str, form_oid: str, visit_id: int | None = None, repeat: int = 1) -> "RecordRef":
        return cls(None, form_oid, visit_id, repeat, slug, number)


@dataclass
class RecordPlace:
    """A form's place as one statement read it. ``record`` is None while nothing was saved; then ``new_id`` awaits it."""

    actor: Actor
    ref: RecordRef
    study: Study
    site: Site
    subject: Subject
    visit: SubjectVisit | None
    record: FormRecord | None
    roles: frozenset[str]
    version_id: int
    milestones: dict[tuple[str, int], dt.date]
    queries: list[dict[str, Any]] = field(default_factory=list)
    new_id: int | None = None

    @cached_property
    def protocol(self):
        from apps.studies.protocol import get_protocol

        return get_protocol(self.version_id)

    @property
    def form(self):
        return self.protocol.forms[self.ref.form_oid]

    @property
    def revision(self) -> int:
        return self.record.revision if self.record else 0

    @property
    def data(self) -> dict[str, Any]:
        return self.record.data if self.record else {}

    @property
    def is_blinded(self) -> bool:
        """One blinded role blinds, whatever else the person holds."""
        return not self.actor.is_system and not self.roles.isdisjoint(self.protocol.definition.blinding.blinded)

    @property
    def title(self) -> str:
        """What the ledger and messages call the record; OIDs, so that no language is written down."""
        where = str(self.visit) if self.visit else "LOG"
        count = f" #{self.ref.repeat}" if self.ref.repeat > 1 else ""
        return f"{self.subject.number} {where} {self.ref.form_oid}{count}"

    def may(self, permission: Permission) -> bool:
        return self.actor.is_system or not permission.roles.isdisjoint(self.roles)

    @property
    def entry_right(self) -> Permission:
        """Who enters the form: the site, or the masked assessor where the protocol has images read and scored."""
        plan = self.protocol.definition.reading
        return SCORE_READING if plan is not None and plan.score == self.ref.form_oid else ENTER_DATA

    def require(self, permission: Permission) -> None:
        """403 for whoever does not hold the right at the subject's site."""
        if not self.may(permission):
            raise Forbidden(permission)

    def visible_items(self) -> dict[str, Any]:
        """The form's items that this actor may know of."""
        return {oid: item for oid, item in self.form.items.items() if not (self.is_blinded and item.definition.blinding)}

    def may_tell(self, rule: Rule | None) -> bool:
        """Whether this actor may know all that the rule reads; else its words and values stay unsaid."""
        if rule is None or not self.is_blinded:
            return True
        return self.protocol.hidden_from_blinded.isdisjoint({*rule.items, *(one.oid for one in rule.elsewhere)})

    def levels(self) -> list[tuple[str, Any]]:
        """What may be held, outermost first; what is not there (no visit, no record yet) is left out."""
        levels = (
            ("study", self.study),
            ("site", self.site),
            ("subject", self.subject),
            ("visit", self.visit),
            ("record", self.record),
        )
        return [(name, one) for name, one in levels if one is not None]

    def hold(self) -> tuple[str, str] | None:
        """(level, frozen or locked) of the outermost hold, None where edits are free."""
        return next(((name, one.hold) for name, one in self.levels() if one.hold), None)

    def refuse_held(self) -> None:
        for _name, one in self.levels():
            if one.hold:
                raise refusal(one)

    def refuse_locked(self) -> None:
        """For what a freeze leaves possible: queries, verification, signatures."""
        for _name, one in self.levels():
            if one.hold == Hold.LOCKED:
                raise refusal(one)


# -- the statement


def _fields(model: type[models.Model], *left_out: str) -> list[models.Field]:
    return [one for one in model._meta.concrete_fields if one.attname not in left_out]


PARTS: list[tuple[str, type[models.Model], list[models.Field]]] = [
    ("st", Study, _fields(Study, "item_types")),
    ("si", Site, _fields(Site)),
    ("s", Subject, _fields(Subject)),
    ("v", SubjectVisit, _fields(SubjectVisit)),
    ("r", FormRecord, _fields(FormRecord)),
]
COLUMNS = ", ".join(f'{alias}."{one.column}"' for alias, _model, fields in PARTS for one in fields)
ROLES = """ARRAY(SELECT m.role FROM studies_membership m WHERE m.user_id = %(user)s AND m.study_id = st.id
    AND m.ended_at IS NULL AND (m.site_id = si.id OR m.site_id IS NULL))"""
MILESTONES = """(SELECT jsonb_agg(jsonb_build_array(m.kind, m.occurrence, m."on")) FROM (
    SELECT DISTINCT ON (kind, occurrence) kind, occurrence, "on" FROM subjects_milestone WHERE subject_id = s.id
    ORDER BY kind, occurrence, id DESC) m WHERE m."on" IS NOT NULL)"""
QUERIES = """(SELECT jsonb_agg(jsonb_build_object('id', q.id, 'item', q.item_oid, 'line', q.line_key,
    'check', q.check_oid, 'status', q.status, 'value', q.value)) FROM capture_query q WHERE q.record_id = r.id
    AND q.kind = 'system' AND (q.status <> 'closed' OR q.closed_by_id IS NOT NULL))"""
VERSION = """COALESCE(r.version_id, (SELECT sv.version_id FROM studies_siteversion sv WHERE sv.site_id = si.id
    AND sv.active_from <= %(today)s ORDER BY sv.active_from DESC, sv.id DESC LIMIT 1), st.version_id)"""
NEW_ID = """CASE WHEN %(writes)s AND r.id IS NULL
    THEN nextval(pg_get_serial_sequence('capture_formrecord', 'id')) END"""
TABLES = """FROM subjects_subject s JOIN studies_site si ON si.id = s.site_id JOIN studies_study st ON st.id = s.study_id
LEFT JOIN visits_subjectvisit v ON v.id = %(visit)s AND v.subject_id = s.id
LEFT JOIN capture_formrecord r ON r.subject_id = s.id AND r.visit_id IS NOT DISTINCT FROM %(visit)s
    AND r.form_oid = %(form)s AND r.repeat = %(repeat)s"""
BY_ID = "WHERE s.id = %(subject)s"
BY_NUMBER = "WHERE st.slug = %(slug)s AND s.number = %(number)s"
SELECT = f"SELECT {COLUMNS}, {ROLES}, {MILESTONES}, {QUERIES}, {VERSION}, {NEW_ID} {TABLES} "


def load_place(actor: Actor, ref: RecordRef, *, writes: bool = False) -> RecordPlace:
    """One statement; NotVisible where subject, visit, form or record do not exist for the actor."""
    where = BY_ID if ref.subject_id is not None else BY_NUMBER
    with prepared_cursor() as cursor:
        cursor.execute(SELECT + where, _parameters(actor, ref, writes))
        row = cursor.fetchone()
    if row is None:
        raise NotVisible
    place = _place(actor, ref, row)
    if not _is_visible(place):
        raise NotVisible
    return place


def _parameters(actor: Actor, ref: RecordRef, writes: bool) -> dict[str, Any]:
    return {
        "user": actor.user_id or 0,
        "subject": ref.subject_id,
        "slug": ref.slug,
        "number": ref.number,
        "visit": ref.visit_id,
        "form": ref.form_oid,
        "repeat": ref.repeat,
        "today": timezone.localdate(),
        "writes": writes,
    }


def _place(actor: Actor, ref: RecordRef, row: tuple) -> RecordPlace:
    rows = iter(row)
    study, site, subject, visit, record = (_instance(model, fields, rows) for _alias, model, fields in PARTS)
    roles, milestones, queries, version_id, new_id = rows
    subject.study, subject.site = study, site
    if record is not None:
        record.subject = subject
    if visit is not None:
        visit.subject = subject
    return RecordPlace(
        actor=actor,
        ref=ref,
        study=study,
        site=site,
        subject=subject,
        visit=visit,
        record=record,
        roles=frozenset(roles),
        version_id=version_id,
        milestones={(kind, count): dt.date.fromisoformat(on) for kind, count, on in json.loads(milestones or "[]")},
        queries=json.loads(queries or "[]"),
        new_id=new_id,
    )


def _instance(model: type[models.Model], fields: list[models.Field], values) -> Any:
    """The model's instance from the next columns; None where the outer join found none."""
    found = [
        json.loads(value) if isinstance(one, models.JSONField) and isinstance(value, str) else value
        for one, value in zip(fields, values, strict=False)
    ]
    if found[0] is None:
        return None
    return model.from_db("default", [one.attname for one in fields], found)


def _is_visible(place: RecordPlace) -> bool:
    if not (place.actor.is_system or place.roles):
        return False
    form = place.protocol.forms.get(place.ref.form_oid)
    if form is None or not _has_place(place, form):
        return False
    hidden_visit = place.visit is not None and place.visit.audience
    return not (place.is_blinded and (form.definition.blinding or hidden_visit))


def _has_place(place: RecordPlace, form) -> bool:
    """Whether the protocol has this form here: at the visit, or as a log; repeated only where it may be."""
    if not 1 <= place.ref.repeat <= 10_000 or (place.ref.repeat > 1 and not form.definition.repeating):
        return place.record is not None and place.ref.repeat >= 1
    if place.record is not None:
        return True
    if place.ref.visit_id is None:
        return form.is_log
    return place.visit is not None and form.oid in place.protocol.forms_at(place.visit.code)
