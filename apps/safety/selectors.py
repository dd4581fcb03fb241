"""Flags and grades as an actor may see them."""

from django.db.models import Prefetch, QuerySet

from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.safety.models import Flag, FlagStep, Grade
from apps.studies.access import is_blinded
from apps.studies.models import Study
from apps.subjects.models import Subject

OPEN = (Flag.Status.OPEN, Flag.Status.ACKNOWLEDGED)


def flags_for(actor: Actor, study: Study) -> QuerySet[Flag]:
    """The study's flags at the actor's sites; what would give the arm away is absent for the blinded."""
    flags = Flag.objects.visible_to(actor).filter(study=study)
    return flags.filter(audience="") if is_blinded(actor, study) else flags


def flag_board(actor: Actor, study: Study, *, status: str = "open", site: str = "", kind: str = "") -> QuerySet[Flag]:
    flags = flags_for(actor, study).select_related("subject__site", "record__visit")
    if status:
        flags = flags.filter(status__in=OPEN if status == "open" else [status])
    if site:
        flags = flags.filter(subject__site__code=site)
    if kind:
        flags = flags.filter(kind=kind)
    return flags.prefetch_related(Prefetch("steps", FlagStep.objects.order_by("pk"))).order_by("-pk")


def get_flag_for(actor: Actor, study: Study, pk: int) -> Flag:
    flag = flags_for(actor, study).select_related("subject").filter(pk=pk).first()
    if flag is None:
        raise NotVisible
    return flag


def open_flags_of(actor: Actor, study: Study, subject: Subject) -> QuerySet[Flag]:
    return flags_for(actor, study).filter(subject=subject, status__in=OPEN).order_by("-pk")


def grades_of_record(record: FormRecord) -> dict[str, Grade]:
    """Item OID → the grade of the value that it has now; of an item with two terms the worse. One query.

    A grade is written when it changes, so the newest of each item and term counts while its value still stands.
    """
    newest: dict[tuple[str, str], Grade] = {}
    for row in Grade.objects.filter(record_id=record.pk).order_by("pk"):
        newest[row.item_oid, row.term] = row
    shown: dict[str, Grade] = {}
    for row in newest.values():
        held = shown.get(row.item_oid)
        if record.data.get(row.item_oid) == row.value and (held is None or (row.grade or -1) > (held.grade or -1)):
            shown[row.item_oid] = row
    return shown
