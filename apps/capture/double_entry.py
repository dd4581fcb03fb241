"""Double data entry: what two entries of one form say differently, and who is kept from seeing the first.

Lines of a repeating group have no number on paper but their order, so the n-th line that counts is compared to the n-th.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.capture.models import FormRecord, FormRecordQuerySet, RecordRevision, SecondEntry
from apps.capture.paths import is_lines
from apps.capture.permissions import SECOND_ENTRY
from apps.capture.places import RecordPlace
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.protocol import get_protocol

UNCOMPARED = ("note", "file", "computed")  # nobody types a computed value; two uploads of one file are two files
NUMBERS = ("decimal", "integer")
FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Difference:
    """``path``: ITEM, GROUP/n/ITEM, or GROUP/n where only one entry has an n-th line (its key says which)."""

    path: str
    item: str = ""
    group: str = ""
    first_key: str = ""
    second_key: str = ""
    first: Any = None
    second: Any = None

    @property
    def is_line(self) -> bool:
        return not self.item


class BlindEntry(DomainError):
    """The reader may make the second entry, so what the first one says is kept from them until that is done."""

    def __init__(self) -> None:
        super().__init__(
            _("This form waits for its second entry. Until then its values are not shown to those who may make it."),
            code="blind_entry",
        )


def differences_between(
    form, first: Mapping[str, Any], second: Mapping[str, Any], *, hidden_first=frozenset(), hidden_second=frozenset()
) -> list[Difference]:
    """Every item of every instance that two entries of ``form`` say differently, in the order of the form.

    ``hidden_…``: the paths that are irrelevant in each entry; a value kept in a hidden item does not count.
    """
    found: list[Difference] = []
    for group in form.definition.groups:
        items = [form.items[one.oid] for one in group.items if _is_compared(form.items[one.oid])]
        if group.repeating:
            found += _of_lines(group.oid, items, first, second, hidden_first, hidden_second)
            continue
        for item in items:
            one = None if item.oid in hidden_first else first.get(item.oid)
            other = None if item.oid in hidden_second else second.get(item.oid)
            if not _is_same(item, one, other):
                found.append(Difference(item.oid, item.oid, first=one, second=other))
    return found


def _is_compared(item) -> bool:
    return item.compute is None and item.definition.type not in UNCOMPARED


def _of_lines(group: str, items: list, first, second, hidden_first, hidden_second) -> list[Difference]:
    found: list[Difference] = []
    ones, others = counting_lines(first, group), counting_lines(second, group)
    for number in range(max(len(ones), len(others))):
        one = ones[number] if number < len(ones) else None
        other = others[number] if number < len(others) else None
        place = f"{group}/{number + 1}"
        keys = {"first_key": one["_key"] if one else "", "second_key": other["_key"] if other else ""}
        if one is None or other is None:
            found.append(Difference(place, group=group, **keys))
            continue
        for item in items:
            a = None if f"{group}/{one['_key']}/{item.oid}" in hidden_first else one.get(item.oid)
            b = None if f"{group}/{other['_key']}/{item.oid}" in hidden_second else other.get(item.oid)
            if not _is_same(item, a, b):
                found.append(Difference(f"{place}/{item.oid}", item.oid, group, first=a, second=b, **keys))
    return found


def counting_lines(data: Mapping[str, Any], group: str) -> list[dict[str, Any]]:
    lines = data.get(group) or []
    return [line for line in lines if not line.get("_inactive")] if is_lines(lines) else []


def _is_same(item, one: Any, other: Any) -> bool:
    """7.4 and 7.40 are one number; the order in which choices were ticked says nothing."""
    if one == other:
        return True
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    if item.definition.type in NUMBERS and isinstance(one, str) and isinstance(other, str):
        try:
            return Decimal(one) == Decimal(other)
        except InvalidOperation:
            return False
    return False


# -- who, and in which state


def second_of(place: RecordPlace) -> SecondEntry | None:
    if place.record is None or not place.form.definition.double_entry:
        return None
    return SecondEntry.objects.filter(record_id=place.record.pk).first()


def is_author(place: RecordPlace) -> bool:
    """Whether this person saved any revision of the first entry."""
    return (
        place.record is not None
        and RecordRevision.objects.filter(record_id=place.record.pk, actor_id=place.actor.user_id or 0).exists()
    )


def awaits_second(place: RecordPlace, second: SecondEntry | None) -> bool:
    record = place.record
    return (
        place.form.definition.double_entry
        and record is not None
        and not record.inactive
        and record.completed_at is not None
        and record.status != FormRecord.Status.NOT_DONE
        and (second is None or second.completed_at is None)
    )


def refuse_blind(place: RecordPlace) -> None:
    """The first entry is not shown to whoever may make the second one while it is awaited."""
    if not place.form.definition.double_entry or place.actor.is_system or not place.may(SECOND_ENTRY):
        return
    if awaits_second(place, second_of(place)) and not is_author(place):
        raise BlindEntry


def blind_records(place: RecordPlace, records: list[FormRecord]) -> set[int]:
    """Of the form's records in a list: those whose values ``refuse_blind`` keeps from this person."""
    if not place.form.definition.double_entry or place.actor.is_system or not place.may(SECOND_ENTRY):
        return set()
    ids = [record.pk for record in records if record.completed_at is not None and not record.inactive]
    entered = SecondEntry.objects.filter(record_id__in=ids, completed_at__isnull=False).values_list("record_id", flat=True)
    own = RecordRevision.objects.filter(record_id__in=ids, actor_id=place.actor.user_id or 0)
    return set(ids) - set(entered) - set(own.values_list("record_id", flat=True))


def place_of_second(place: RecordPlace, second: SecondEntry | None) -> RecordPlace:
    """The same place with the second entry where the record stands: what reads, shows and evaluates a form does so there."""
    if second is None:
        return replace(place, record=None, new_id=place.record.pk if place.record else None, queries=[])
    record = FormRecord(
        pk=second.record_id,
        study_id=place.study.pk,
        subject=place.subject,
        visit=place.visit,
        form_oid=place.form.oid,
        version_id=place.version_id,
        repeat=place.ref.repeat,
        revision=second.revision,
        updated_at=second.updated_at,
        data=second.data,
        irrelevant=second.irrelevant,
    )
    return replace(place, record=record, queries=[])


def forms_entered_twice(protocol) -> list[str]:
    return [oid for oid, form in protocol.forms.items() if form.definition.double_entry]


def kept_back(actor: Actor, study, subjects: QuerySet) -> FormRecordQuerySet:
    """Records whose first entry is kept from this person, who may make the second one."""
    waiting = unsettled(study, subjects).exclude(second_entry__completed_at__isnull=False)
    return waiting.exclude(revisions__actor_id=actor.user_id or 0)


def unsettled(study, subjects: QuerySet) -> FormRecordQuerySet:
    """Complete records of those subjects that wait for a second entry, or for a decision about it."""
    if study.version_id is None:
        return FormRecord.objects.none()
    waiting = FormRecord.objects.filter(
        subject__in=subjects,
        study=study,
        form_oid__in=forms_entered_twice(get_protocol(study.version_id)),
        inactive=False,
        completed_at__isnull=False,
    )
    return waiting.exclude(status=FormRecord.Status.NOT_DONE).exclude(second_entry__is_settled=True)
