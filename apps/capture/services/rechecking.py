"""Checks run again on what is stored, when something that they read has changed.

Where only queries follow, the record gets no new revision: a signature under it stays, and so does an open page. A frozen
record's queries go on; a locked one is left as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.audit.ledger import ledger
from apps.capture.attempt import scope_around
from apps.capture.checking import Rechecked, Report, recheck, recheck_subject, skipped_because
from apps.capture.locks import join_writers
from apps.capture.models import FormRecord, Query, QueryMessage
from apps.capture.permissions import RUN_CHECKS
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.services.writing import Intended, write
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.access import require_everywhere
from apps.studies.models import Hold, Study
from apps.studies.protocol import Protocol, get_protocol
from apps.subjects.models import Subject

WHY = gettext_noop("What this form's rules read has changed.")


def recheck_record(actor: Actor, record: FormRecord) -> Rechecked | None:
    """Run the record's checks, and let its queries, computed values and hidden items follow. None: nothing to do."""
    place = load_place(actor, RecordRef.of(record), writes=True)
    place.require(RUN_CHECKS)
    found = _found(place)
    if found is None or not found.differs:
        return None
    if (found.changes or found.is_shifted) and not place.hold():
        assert place.record is not None
        write(
            actor,
            place,
            Intended(
                data=found.outcome.data,
                status=place.record.status,
                irrelevant=found.outcome.irrelevant,
                action="capture.record.rechecked",
                reason=WHY,
                findings=found.findings,
            ),
        )
        return found
    return _follow_queries(actor, place) if found.asking else None


def run_checks(
    actor: Actor,
    study: Study,
    *,
    subjects: QuerySet[Subject] | None = None,
    form_oid: str = "",
    is_dry: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Report:
    """Run every check of the study's records, each record by its own version, one subject's data in memory at a time.

    What differs from what is stored follows as in ``recheck_record``, unless ``is_dry``. Records that no check concerns
    are counted with the reason.
    """
    require_everywhere(actor, RUN_CHECKS, study_id=study.pk)
    if study.version_id is None:
        raise DomainError(_("This study has no published version, so it has no checks."), code="not_published")
    report = Report(get_protocol(study.version_id))
    wanted = Subject.objects.filter(study=study) if subjects is None else subjects
    for number, subject in enumerate(wanted.select_related("site", "study").order_by("pk").iterator(chunk_size=200), 1):
        above = Hold.LOCKED in (subject.hold, subject.site.hold, subject.study.hold)
        for row, found in recheck_subject(subject, form_oid):
            if found is None:
                report.skip(skipped_because(row, above))
                continue
            report.add(row, found)
            if found.differs and not is_dry:
                recheck_record(actor, FormRecord(pk=row["id"], subject=subject, **_place_of(row)))
        if on_progress:
            on_progress(number)
    return report


def _place_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("visit_id", "form_oid", "repeat")}


def recheck_readers(actor: Actor, subject: Subject, changed: Iterable[str], *, but: int | None = None) -> list[Rechecked]:
    """Recheck the subject's records whose rules read one of these items of another record (``but``: where they changed)."""
    oids = set(changed)

    def readers(protocol: Protocol) -> frozenset[str]:
        return frozenset(form for oid in oids for form in protocol.readers.get(oid, ()))

    return _recheck_all(actor, subject, readers, but=but)


def recheck_visits(actor: Actor, subject: Subject) -> list[Rechecked]:
    """Recheck the records that ask for another visit's value: visits or day 0 have moved."""
    return _recheck_all(actor, subject, lambda protocol: protocol.forms_reading_visits)


def _recheck_all(
    actor: Actor, subject: Subject, forms_of: Callable[[Protocol], frozenset[str]], *, but: int | None = None
) -> list[Rechecked]:
    records = FormRecord.objects.filter(subject=subject, inactive=False).exclude(status=FormRecord.Status.NOT_DONE)
    concerned = [
        record
        for record in records.exclude(pk=but or 0)
        .order_by("pk")
        .only("subject_id", "visit_id", "form_oid", "repeat", "version_id")
        if record.form_oid in forms_of(get_protocol(record.version_id))
    ]
    return [found for record in concerned if (found := recheck_record(actor, record)) is not None]


def _found(place: RecordPlace) -> Rechecked | None:
    """None for a record that no check concerns, and for a locked one."""
    record = place.record
    if record is None or record.inactive or record.status == FormRecord.Status.NOT_DONE:
        return None
    if any(one.hold == Hold.LOCKED for _name, one in place.levels()):
        return None
    row = {"id": record.pk, "data": record.data, "irrelevant": record.irrelevant, "status": record.status}
    return recheck(place.form, row, scope_around(place), place.queries)


def _follow_queries(actor: Actor, place: RecordPlace) -> Rechecked | None:
    """Open, ask again and close the system's queries, decided once more under the locks."""
    with ledger(actor, place.study.pk) as entry:
        join_writers(place.study.pk)
        FormRecord.objects.select_for_update().get(pk=place.record.pk)  # type: ignore[union-attr]
        place = load_place(actor, place.ref)
        found = _found(place)
        if found is None or not found.asking:
            return None
        _write_queries(actor, place, found)
        entry(
            action="capture.checks.run",
            obj=place.record,
            label=place.title,
            site_id=place.site.pk,
            subject_id=place.subject.pk,
            audience="unblinded" if place.form.blinded or (place.visit and place.visit.audience) else "",
            details={"form": place.form.oid, "queries": found.asking.summary()},
        )
    return found


def _write_queries(actor: Actor, place: RecordPlace, found: Rechecked) -> None:
    now = timezone.now()
    said: list[QueryMessage] = []

    def say(query_id: int, step: str) -> None:
        said.append(QueryMessage(study_id=place.study.pk, query_id=query_id, step=step, at=now, actor_name=actor.name))

    for finding in found.asking.open:
        query = Query.objects.create(
            study_id=place.study.pk,
            subject_id=place.subject.pk,
            record_id=found.record_id,
            item_oid=finding.item_oid,
            line_key=finding.line_key,
            kind=Query.Kind.SYSTEM,
            check_oid=finding.check_oid,
            text=finding.text,
            value=finding.value,
        )
        say(query.pk, "opened")
    for pk, finding, was_answered in found.asking.again:
        again = {"status": Query.Status.OPEN, "value": finding.value, "text": finding.text}
        Query.objects.filter(pk=pk).update(**again, closed_at=None, closed_by_id=None)
        if was_answered:
            say(pk, "reopened")
    closed = {"status": Query.Status.CLOSED, "closed_at": now, "closed_by_id": None}
    Query.objects.filter(pk__in=found.asking.close).update(**closed)
    for pk in found.asking.close:
        say(pk, "closed")
    QueryMessage.objects.bulk_create(said)
