"""Flags and grades as an actor may see them."""

from django.db.models import Prefetch, QuerySet

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


def grades_of_record(record_id: int, revision: int) -> dict[str, Grade]:
    """Item OID → its grade at that revision of the record (the worst where an item has a low and a high term)."""
    grades = Grade.objects.filter(record_id=record_id, revision=revision).order_by("grade", "pk")
    return {row.item_oid: row for row in grades if row.grade is not None} | {
        row.item_oid: row
        for row in grades
        if row.grade is None and not any(o.item_oid == row.item_oid and o.grade is not None for o in grades)
    }
