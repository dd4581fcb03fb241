"""Two subjects of one site who may be one person: asked about, never decided by the system."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.capture.wording import bilingual
from apps.common.actors import Actor
from apps.safety.models import Flag
from apps.safety.permissions import HANDLE_FLAGS
from apps.safety.services.flags import raise_flag
from apps.studies.access import require
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject


def flag_duplicates(actor: Actor, record: FormRecord) -> list[Flag]:
    """For a record with items that tell people apart (birth date, sex, initials): a flag for each other subject of the site
    with the same values. A subject that was screened again is the same person by declaration, so it is none."""
    subject = record.subject
    require(actor, HANDLE_FLAGS, study_id=subject.study_id, site_id=subject.site_id)
    protocol = protocol_for_site(subject.site)
    oids = protocol.definition.duplicates
    if record.inactive or not oids or record.form_oid not in {protocol.items[oid].form_oid for oid in oids}:
        return []
    mine = _values(protocol, oids, [subject.pk]).get(subject.pk, {})
    if set(mine) != set(oids):
        return []
    others = Subject.objects.filter(site=subject.site).exclude(pk__in=_line_of(subject))
    same = [pk for pk, values in _values(protocol, oids, others.values_list("pk", flat=True)).items() if values == mine]
    with ledger(actor, subject.study_id):
        return [_flag(actor, subject, other) for other in Subject.objects.filter(pk__in=same).order_by("pk")]


def _values(protocol: Protocol, oids: list[str], subject_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Subject → item → what is recorded; a missing item is absent."""
    forms = {protocol.items[oid].form_oid for oid in oids}
    found: dict[int, dict[str, str]] = {}
    records = FormRecord.objects.filter(subject_id__in=subject_ids, form_oid__in=forms, inactive=False).order_by("pk")
    for subject_id, data in records.values_list("subject_id", "data"):
        known = {oid: data[oid] for oid in oids if isinstance(data.get(oid), str)}
        found.setdefault(subject_id, {}).update(known)
    return found


def _line_of(subject: Subject) -> set[int]:
    """The subject, whom it was before, and whom it became when it was screened again."""
    line, step = {subject.pk}, subject
    while step.previous is not None:
        step = step.previous
        line.add(step.pk)
    later = Subject.objects.filter(previous_id=subject.pk).first()
    while later is not None:
        line.add(later.pk)
        later = Subject.objects.filter(previous_id=later.pk).first()
    return line


def _flag(actor: Actor, subject: Subject, other: Subject) -> Flag:
    first, second = sorted([subject, other], key=lambda one: one.pk)
    return raise_flag(
        actor,
        second,
        kind="duplicate",
        occasion=f"duplicate:{first.pk}:{second.pk}",
        severity=Flag.Severity.WARNING,
        text=bilingual(
            lambda: (
                _("%(second)s has the same %(what)s as %(first)s. Is it the same person?")
                % {"second": second.number, "first": first.number, "what": _("birth date, sex or initials")}
            )
        ),
    )
