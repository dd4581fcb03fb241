"""Corrections of a subject's steps, in subjects, enrolment and randomization; what follows from a saved record."""

from service_scenarios import Call, World, scenario

from apps.common.actors import SYSTEM
from apps.enrolment import services as enrolment
from apps.randomization import services as randomization
from apps.review.services.proposals import propose_from_consent
from apps.review.services.readings import open_reading
from apps.subjects import services as subjects
from apps.subjects.models import Subject
from tests import journeys, small
from tests.casebook.test_readings import definition as with_images

WHY = "Read from the wrong chart"


def enrolled(world: World) -> Subject:
    enrolment.confirm_eligibility(SYSTEM, world.screened)
    return enrolment.enrol_subject(SYSTEM, world.screened)


def lost(world: World) -> Subject:
    subject = world.screened
    enrolment.depart(SYSTEM, subject, "lost", world.today, reason="No answer")
    return subject


@scenario("apps.subjects.services.correct_screening", "subjects.screening.corrected")
def day_of_screening(world: World) -> Call:
    subject = world.screened
    return lambda: subjects.correct_screening(SYSTEM, subject, world.yesterday, reason=WHY)


@scenario("apps.subjects.services.restore_status", "subjects.status.corrected")
def status_of_before(world: World) -> Call:
    subject = lost(world)
    return lambda: subjects.restore_status(SYSTEM, subject, "screened", reason=WHY)


@scenario(
    "apps.enrolment.services.correcting.correct_departure",
    "enrolment.departure.corrected",
    "subjects.milestone.set",
)
def left_another_day(world: World) -> Call:
    subject = lost(world)
    return lambda: enrolment.correct_departure(SYSTEM, subject, world.yesterday, reason=WHY)


@scenario(
    "apps.enrolment.services.correcting.take_back_departure",
    "enrolment.departure.corrected",
    "subjects.milestone.set",
    "subjects.status.corrected",
)
def did_not_leave(world: World) -> Call:
    subject = lost(world)
    return lambda: enrolment.take_back_departure(SYSTEM, subject, reason=WHY)


@scenario(
    "apps.enrolment.services.correcting.correct_enrolment",
    "enrolment.enrolment.corrected",
    "subjects.milestone.set",
)
def day_of_enrolment(world: World) -> Call:
    subject = enrolled(world)
    return lambda: enrolment.correct_enrolment(SYSTEM, subject, world.yesterday, reason=WHY)


@scenario(
    "apps.randomization.services.allocating.take_back_enrolment",
    "enrolment.enrolment.taken_back",
    "subjects.milestone.set",
    "subjects.status.corrected",
)
def should_not_have_been_enrolled(world: World) -> Call:
    subject = enrolled(world)
    return lambda: randomization.take_back_enrolment(SYSTEM, subject, reason=WHY)


@scenario("apps.review.services.proposals.propose_from_consent", "review.deviation.proposed")
def event_after_withdrawal(world: World) -> Call:
    subject = world.screened
    enrolment.depart(SYSTEM, subject, "withdrawal", world.yesterday, reason="Moved", scope="follow_up")
    journeys.enter(subject, "AE", AETERM="Fever", AESTDAT=world.today.isoformat())
    subject.refresh_from_db()
    return lambda: propose_from_consent(SYSTEM, subject)


@scenario("apps.review.services.readings.open_reading")
def nothing_to_read(world: World) -> Call:
    record = world.screened.records.get(form_oid="DM")
    return lambda: open_reading(SYSTEM, record)


@scenario("apps.review.services.readings.open_reading", "review.reading.opened")
def images_of_a_visit(world: World) -> Call:
    study = small.publish_small(with_images())
    subject = small.eligible(small.screened(small.site_of(study)))
    record = journeys.enter(subject, "TUM", "D0", TUMDAT="2026-01-02")
    return lambda: open_reading(SYSTEM, record)
