"""What capture does after something that rules read has changed."""

from apps.capture.models import FormRecord
from apps.capture.paths import item_of
from apps.capture.services.queries import answer_by_change
from apps.capture.services.rechecking import recheck_readers, recheck_visits
from apps.common.actors import SYSTEM
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject

WHOLE = {"capture.record.not_done", "capture.record.inactivated", "capture.record.reactivated"}


def recheck_where_read(event) -> None:
    """Other records of the subject whose rules read what this save changed, or what it hid or showed."""
    record = FormRecord.objects.get(pk=event.object_id)
    form = get_protocol(record.version_id).forms[record.form_oid]
    if event.action in WHOLE:
        changed = set(form.items)
    else:
        changed = {item_of(path) for path, _old, _new in event.changes}
        changed |= {oid for oid, item in form.items.items() if item.show_if is not None}
    subject = Subject.objects.get(pk=event.subject_id)
    recheck_readers(SYSTEM, subject, changed & form.items.keys(), but=record.pk)


def recheck_by_visit(event) -> None:
    """A visit's date, or day 0, has moved: which value is the baseline or the previous one may be another."""
    recheck_visits(SYSTEM, Subject.objects.get(pk=event.subject_id))


def answer_queries_by_change(event) -> None:
    """A person who corrects what a query asks about has answered it. What the system changes answers nothing."""
    if event.actor.is_system or not event.changes:
        return
    record = FormRecord.objects.get(pk=event.object_id)
    answer_by_change(SYSTEM, record, event.changes, by=event.actor.name, at=event.at)
