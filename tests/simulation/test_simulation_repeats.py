"""The same seed tells the same stories, another seed others."""

from django.db import transaction

from apps.capture.models import FormRecord
from apps.subjects.models import Milestone, Subject
from apps.visits.models import SubjectVisit
from tests.factories import small_definition
from tests.simulation.conftest import play


def _told(seed: int) -> dict:
    """Everything that was entered, without ids and clocks; afterwards nothing of it is left."""
    with transaction.atomic():
        study = play(small_definition(), 4, seed).study
        told = {
            "subjects": list(
                Subject.objects.filter(study=study).order_by("id").values_list("number", "status", "screened_on")
            ),
            "visits": _rows(SubjectVisit.objects.filter(study=study), "code", "cycle", "occurrence", "actual", "status"),
            "milestones": _rows(Milestone.objects.filter(study=study), "kind", "occurrence", "on"),
            "records": _rows(FormRecord.objects.filter(study=study), "visit__code", "form_oid", "repeat", "status", "data"),
        }
        transaction.set_rollback(True)
    return told


def _rows(rows, *fields: str) -> list[tuple]:
    return list(rows.order_by("id").values_list("subject__number", *fields))


def test_it_works(blank):
    first, second = _told(3), _told(3)
    assert len(first["records"]) > 60
    assert first == second


def test_another_seed_tells_others(blank):
    assert _told(3)["records"] != _told(4)["records"]
