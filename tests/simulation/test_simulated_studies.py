"""Every study plays six subjects through the services, and what they leave is whole."""

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.audit.models import Delivery
from apps.capture.models import FormRecord, Query
from apps.capture.places import RecordRef, load_place
from apps.common.errors import NotVisible
from apps.common.permissions import Role
from apps.dosing.models import TroughAssessment
from apps.enrolment.models import Departure
from apps.randomization.models import Allocation
from apps.randomization.selectors import visible_allocation
from apps.safety.models import Flag, Grade
from apps.studies.access import is_blinded
from apps.studies.loading import load_study
from apps.subjects.models import Milestone, Subject
from apps.visits.models import SubjectVisit
from apps.visits.selectors import visits_of
from tests.factories import small_definition
from tests.simulation.conftest import Played, play, taken_back

STUDIES = sorted((Path(__file__).parents[2] / "fixtures" / "studies").glob("*.yaml"))
# a sixth trial, which the simulation knows nothing of
CASES = {path.stem: path for path in STUDIES} | {"small-trial": None}
SUBJECTS = 6


@pytest.fixture(scope="module", params=list(CASES))
def played(request, django_db_setup, django_db_blocker):
    path = CASES[request.param]
    definition = small_definition() if path is None else load_study(path).definition
    with taken_back(django_db_blocker):
        yield play(definition, SUBJECTS)


def test_it_works(played: Played):
    assert len(played.report.subjects) == SUBJECTS
    assert Subject.objects.filter(study=played.study).count() == SUBJECTS
    assert FormRecord.objects.filter(study=played.study, status="complete").count() > SUBJECTS * 10


def test_no_service_refused_what_was_meant(played: Played):
    assert played.report.refused == []


def test_every_kind_of_course_is_there(played: Played):
    statuses = Counter(Subject.objects.filter(study=played.study).values_list("status", flat=True))
    assert statuses["screen_failed"] >= 1
    left = Departure.objects.filter(study=played.study)
    assert all(departure.reason for departure in left)
    assert set(left.values_list("kind", flat=True)) >= {"screen_failure", "withdrawal"}


def test_who_is_treated_was_confirmed_enrolled_and_allocated(played: Played):
    treated = Subject.objects.filter(study=played.study, milestones__kind="first_dose").distinct()
    assert treated.count() >= 3
    allocated = set(Allocation.objects.filter(study=played.study).values_list("subject_id", flat=True))
    for subject in treated:
        assert subject.assessments.filter(confirmed=True, verdict="met").exists()
        assert subject.pk in allocated
        assert Milestone.objects.filter(subject=subject, kind="enrolment").exists()


def test_visits_are_dated_within_and_beside_their_windows(played: Played):
    done = SubjectVisit.objects.filter(study=played.study, actual__isnull=False).exclude(target=None)
    inside = [visit for visit in done if visit.earliest <= visit.actual <= visit.latest]
    assert len(inside) > 0.7 * done.count()
    assert all(visit.actual <= played.report.subjects[0].screened_on.replace(year=2026) for visit in done)


def test_the_ledger_is_whole_and_gives_every_record(played: Played):
    said = StringIO()
    call_command("verify_audit", stdout=said)
    call_command("check_records", stdout=said)
    assert "drift" not in said.getvalue()


def test_every_handler_ran(played: Played):
    assert set(Delivery.objects.values_list("status", flat=True)) == {"done"}


def test_results_are_graded_and_levels_assessed(played: Played):
    assert Grade.objects.filter(study=played.study, grade__gte=1).exists()
    verdicts = set(TroughAssessment.objects.filter(study=played.study).values_list("verdict", flat=True))
    assert "in_range" in verdicts
    assert verdicts & {"above", "below"}


def test_flags_of_levels_and_of_the_serious_event_are_raised(played: Played):
    kinds = set(Flag.objects.filter(study=played.study).values_list("kind", flat=True))
    assert kinds & {"trough_above", "trough_below"}
    assert "sae" in kinds or "AESER" not in played.study.item_types


def test_queries_are_opened_answered_and_closed(played: Played):
    states = Counter(Query.objects.filter(study=played.study).values_list("status", flat=True))
    assert states["closed"] >= 1
    assert sum(states.values()) > states["open"]


def test_open_forms_are_the_running_dose_periods(played: Played):
    waiting = FormRecord.objects.filter(study=played.study, status="incomplete")
    assert set(waiting.values_list("form_oid", flat=True)) <= {"EC"}


def test_the_blinded_see_no_arm(played: Played):
    assessors = played.study.memberships.filter(role=Role.OUTCOME_ASSESSOR)
    if not assessors.exists():
        assert not played.study.version.definition["blinding"]["blinded"]
        return
    assessor = played.actor(Role.OUTCOME_ASSESSOR)
    for subject in Subject.objects.filter(study=played.study, allocation__isnull=False).select_related(
        "study__version", "site"
    ):
        assert is_blinded(assessor, subject.study, subject.site_id)
        assert visible_allocation(assessor, subject) is None
        assert not visits_of(assessor, subject).exclude(audience="").exists()
        _refuses_doses(assessor, subject)


def _refuses_doses(assessor, subject):
    for record in FormRecord.objects.filter(subject=subject, form_oid__in=["EC", "PC"])[:4]:
        blinded = record.form.spec.get("blinding")
        if blinded:
            with pytest.raises(NotVisible):
                load_place(assessor, RecordRef.of(record))
