"""What can be signed, what is signed, and what has changed since."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from apps.capture.models import FormRecord, RecordRevision
from apps.capture.paths import changes_between
from apps.common.actors import Actor
from apps.review.binding import binding_of
from apps.review.models import Signature
from apps.studies.access import is_blinded
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit

Signable = FormRecord | SubjectVisit | Subject
MEANINGS = {
    Signature.Level.RECORD: gettext_noop("I have reviewed this form and confirm that its data are complete and accurate."),
    Signature.Level.VISIT: gettext_noop("I have reviewed this visit and confirm that its data are complete and accurate."),
    Signature.Level.CASEBOOK: gettext_noop(
        "I have reviewed this casebook and confirm that its data are complete and accurate."
    ),
    Signature.Level.ELIGIBILITY: gettext_noop("I confirm that this subject meets the criteria of the protocol."),
}


def level_of(target: Signable) -> Signature.Level:
    if isinstance(target, FormRecord):
        return Signature.Level.RECORD
    return Signature.Level.VISIT if isinstance(target, SubjectVisit) else Signature.Level.CASEBOOK


def meaning_of(level: Signature.Level) -> str:
    """The English sentence, which is what is stored."""
    return MEANINGS[level]


def subject_of(target: Signable) -> Subject:
    return target if isinstance(target, Subject) else target.subject


def records_to_sign(actor: Actor, target: Signable, *, lock: bool = False) -> list[FormRecord]:
    """The active records that a signature at this level covers."""
    rows = _known_records(actor, subject_of(target)).filter(inactive=False)
    if isinstance(target, FormRecord):
        rows = rows.filter(pk=target.pk)
    elif isinstance(target, SubjectVisit):
        rows = rows.filter(visit=target)
    return list(rows.select_for_update(of=("self",)) if lock else rows)


def _known_records(actor: Actor, subject: Subject) -> QuerySet[FormRecord]:
    """The subject's records in the casebook's order; those of blinded forms and visits only for who may know of them."""
    rows = FormRecord.objects.filter(subject=subject).select_related("visit")
    rows = rows.order_by("visit__position", "visit_id", "form_oid", "repeat")
    if is_blinded(actor, subject.study, subject.site_id) and subject.study.version_id is not None:
        hidden = get_protocol(subject.study.version_id).hidden_from_blinded
        rows = rows.exclude(form_oid__in=hidden).exclude(visit__audience="unblinded")
    return rows


# -- what holds


# records that a signature covers as they are now; %s: which signatures
COVERED = """SELECT DISTINCT r.id FROM review_signature g CROSS JOIN LATERAL jsonb_array_elements(g.signed) AS e
    JOIN capture_formrecord r ON r.id = (e ->> 0)::bigint
    WHERE {which} AND g.level <> 'eligibility' AND NOT r.inactive AND r.status = e ->> 3 AND r.irrelevant = e -> 4
    AND (e ->> 1)::int = coalesce((SELECT max(c.value::int) FROM jsonb_each_text(r.changed) AS c), 0)"""
COVERED_OF_SUBJECTS = COVERED.format(which="g.subject_id = ANY(%(subjects)s)")
# whether a row of subjects_subject has an active record that no signature covers; asked of one subject at a time (a scalar
# subquery is not turned into a join), so that a page of subjects costs the same in a study of any size
IS_UNSIGNED = f"""coalesce((SELECT true FROM capture_formrecord o WHERE o.subject_id = subjects_subject.id AND NOT o.inactive
    AND NOT EXISTS ({COVERED.format(which="g.subject_id = o.subject_id AND r.id = o.id")}) LIMIT 1), false)"""


def signed_records(subject_ids: Iterable[int]) -> set[int]:
    """The subjects' records that a signature covers as they are now, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(COVERED_OF_SUBJECTS, {"subjects": list(subject_ids)})
        return {row[0] for row in cursor.fetchall()}


def unsigned_subjects(subject_ids: Iterable[int]) -> int:
    """How many of the subjects have an active record that no signature covers as it is now."""
    statement = f"SELECT count(*) FROM subjects_subject WHERE id = ANY(%s) AND {IS_UNSIGNED}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(subject_ids)])
        return int(cursor.fetchone()[0])


def is_current(signature: Signature, records: Iterable[FormRecord]) -> bool:
    """Whether all that was signed is still so. A change that was reverted has another revision, and breaks it too."""
    now = {record.pk: binding_of(record) for record in records if not record.inactive}
    return all(now.get(line[0]) == line for line in signature.signed)


@dataclass(frozen=True)
class Broken:
    """A signed record that is no longer as it was signed. ``changes``: [path, as signed, now]."""

    record: FormRecord
    changes: list[list[Any]]


@dataclass(frozen=True)
class SignatureState:
    """A signature with what happened to it: changed records, and records of its visit or casebook that came later."""

    signature: Signature
    broken: list[Broken] = field(default_factory=list)
    added: list[FormRecord] = field(default_factory=list)

    @property
    def is_current(self) -> bool:
        return not self.broken and not self.added


def signature_states(actor: Actor, subject: Subject) -> list[SignatureState]:
    """The subject's signatures, newest first, as the actor may know of them; three statements and one for each broken."""
    signatures = Signature.objects.filter(subject=subject).order_by("-at", "-pk")
    known = {record.pk: record for record in _known_records(actor, subject)}
    return [_state(signature, known) for signature in signatures]


def _state(signature: Signature, known: dict[int, FormRecord]) -> SignatureState:
    signed = {line[0]: line for line in signature.signed}
    kept = [(known[pk], line) for pk, line in signed.items() if pk in known]
    return SignatureState(
        signature,
        broken=_with_changes(signature, [one for one, line in kept if one.inactive or binding_of(one) != line]),
        added=[record for record in _in_scope(signature, known.values()) if record.pk not in signed],
    )


def _in_scope(signature: Signature, records: Iterable[FormRecord]) -> list[FormRecord]:
    """What the signature would cover if it were given now; a form's and an eligibility's cover what they did."""
    if signature.level == Signature.Level.VISIT:
        return [record for record in records if str(record.visit_id) == signature.object_id and not record.inactive]
    return [one for one in records if not one.inactive] if signature.level == Signature.Level.CASEBOOK else []


def _with_changes(signature: Signature, records: list[FormRecord]) -> list[Broken]:
    """Each record with what differs from how it stood when it was signed."""
    if not records:
        return []
    then = RecordRevision.objects.filter(record__in=records, at__lte=signature.at)
    data = dict(then.order_by("record_id", "-revision").distinct("record_id").values_list("record_id", "data"))
    return [Broken(record, changes_between(data.get(record.pk, {}), record.data)) for record in records]
