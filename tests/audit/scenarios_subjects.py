"""subjects, visits, enrolment, randomization."""

from datetime import timedelta

from service_scenarios import Call, World, scenario

from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment import services as enrolment
from apps.randomization import services as randomization
from apps.randomization.drawing import Secret
from apps.studies.models import Hold, Membership, Study
from apps.subjects import services as subjects
from apps.visits import services as visits
from tests import journeys, small


@scenario("apps.subjects.services.screen_subject", "subjects.subject.screened")
def new_subject(world: World) -> Call:
    return lambda: subjects.screen_subject(SYSTEM, world.site, world.today)


@scenario("apps.subjects.services.set_milestone", "subjects.milestone.set")
def dated_fact(world: World) -> Call:
    subject = world.screened
    return lambda: subjects.set_milestone(SYSTEM, subject, "relapse", world.today)


@scenario("apps.subjects.services.set_milestone")
def said_again(world: World) -> Call:
    subject = world.screened
    subjects.set_milestone(SYSTEM, subject, "relapse", world.today)
    return lambda: subjects.set_milestone(SYSTEM, subject, "relapse", world.today)


@scenario("apps.subjects.services.set_milestone", "subjects.milestone.set", "subjects.status.changed")
def first_dose(world: World) -> Call:
    subject = world.randomized
    return lambda: subjects.set_milestone(SYSTEM, subject, "first_dose", world.today)


@scenario("apps.subjects.services.change_status", "subjects.status.changed")
def step_of_the_machine(world: World) -> Call:
    subject = world.screened
    return lambda: subjects.change_status(SYSTEM, subject, "screen_failed", reason="not eligible")


@scenario("apps.visits.services.replan", "visits.schedule.replanned")
def after_another_consent(world: World) -> Call:
    subject = world.screened
    subjects.set_milestone(SYSTEM, subject, "consent", world.yesterday)
    return lambda: visits.replan(SYSTEM, subject)


@scenario("apps.visits.services.replan")
def nothing_to_move(world: World) -> Call:
    subject = world.screened
    return lambda: visits.replan(SYSTEM, subject)


@scenario("apps.visits.services.open_branch", "visits.branch.opened")
def branch_without_a_date_yet(world: World) -> Call:
    subject = world.screened
    return lambda: visits.open_branch(SYSTEM, subject, ["TAPER"])


@scenario("apps.visits.services.book_visit", "visits.visit.booked")
def agreed_day(world: World) -> Call:
    visit = world.visit("M1", world.randomized)
    return lambda: visits.book_visit(SYSTEM, visit, world.today)


@scenario("apps.visits.services.record_visit_date", "visits.visit.dated")
def visit_took_place(world: World) -> Call:
    visit = world.visit("M1", world.randomized)
    return lambda: visits.record_visit_date(SYSTEM, visit, world.today)


@scenario("apps.visits.services.record_visit_date")
def same_day_again(world: World) -> Call:
    visit = visits.record_visit_date(SYSTEM, world.visit("M1", world.randomized), world.today)
    return lambda: visits.record_visit_date(SYSTEM, visit, world.today)


@scenario("apps.visits.services.mark_missed", "visits.visit.missed")
def did_not_come(world: World) -> Call:
    visit = world.visit("M1", world.randomized)
    return lambda: visits.mark_missed(SYSTEM, visit, reason="on holiday")


@scenario("apps.visits.services.mark_skipped", "visits.visit.skipped")
def left_out(world: World) -> Call:
    visit = world.visit("M1", world.randomized)
    return lambda: visits.mark_skipped(SYSTEM, visit, reason="too ill")


@scenario("apps.visits.services.mark_not_applicable", "visits.visit.not_applicable")
def not_asked(world: World) -> Call:
    visit = world.visit("M1", world.randomized)
    return lambda: visits.mark_not_applicable(SYSTEM, visit, reason="off treatment")


@scenario("apps.visits.services.reopen_visit", "visits.visit.reopened")
def came_after_all(world: World) -> Call:
    visit = visits.mark_missed(SYSTEM, world.visit("M1", world.randomized), reason="on holiday")
    return lambda: visits.reopen_visit(SYSTEM, visit, reason="came after all")


@scenario("apps.visits.services.set_progress", "visits.visit.progressed")
def all_forms_complete(world: World) -> Call:
    visit = visits.record_visit_date(SYSTEM, world.visit("M1", world.randomized), world.today)
    return lambda: visits.set_progress(SYSTEM, visit, is_complete=True)


@scenario("apps.visits.services.add_unscheduled", "visits.visit.added")
def between_visits(world: World) -> Call:
    subject = world.screened
    return lambda: visits.add_unscheduled(SYSTEM, subject, "UNS", world.today, reason="fever")


@scenario("apps.enrolment.services.entering.screen", "subjects.subject.screened", "visits.schedule.replanned")
def screened_with_visits(world: World) -> Call:
    return lambda: enrolment.screen(SYSTEM, world.site, world.today)


@scenario("apps.enrolment.services.entering.confirm_eligibility", "enrolment.eligibility.confirmed")
def all_criteria_met(world: World) -> Call:
    subject = world.screened
    return lambda: enrolment.confirm_eligibility(SYSTEM, subject)


@scenario(
    "apps.enrolment.services.entering.enrol_subject",
    "enrolment.subject.enrolled",
    "subjects.milestone.set",
    "subjects.status.changed",
)
def confirmed(world: World) -> Call:
    subject = world.screened
    enrolment.confirm_eligibility(SYSTEM, subject)
    return lambda: enrolment.enrol_subject(SYSTEM, subject)


@scenario(
    "apps.enrolment.services.leaving.depart",
    "enrolment.screen_failure.recorded",
    "subjects.milestone.set",
    "subjects.status.changed",
)
def screen_failure(world: World) -> Call:
    subject = world.screened
    return lambda: enrolment.depart(SYSTEM, subject, "screen_failure", world.today, reason="I02")


@scenario(
    "apps.enrolment.services.leaving.depart",
    "enrolment.withdrawal.recorded",
    "subjects.milestone.set",
    "subjects.status.changed",
)
def withdrawal(world: World) -> Call:
    subject = world.randomized
    return lambda: enrolment.depart(SYSTEM, subject, "withdrawal", world.today, reason="moved away", scope="treatment")


@scenario("apps.enrolment.services.entering.open_due_branches", "visits.branch.opened", "visits.schedule.replanned")
def condition_holds(world: World) -> Call:
    subject = world.randomized
    born = world.today - timedelta(days=100)
    journeys.enter(subject, "DM", "SCR", BRTHDAT=born.isoformat())
    return lambda: enrolment.open_due_branches(SYSTEM, subject)


@scenario("apps.enrolment.services.entering.open_due_branches")
def condition_does_not_hold(world: World) -> Call:
    subject = world.randomized
    return lambda: enrolment.open_due_branches(SYSTEM, subject)


@scenario("apps.randomization.services.schemes.create_scheme", "randomization.list.sealed")
def lists_made(world: World) -> Call:
    return lambda: randomization.create_scheme(SYSTEM, world.study)


@scenario("apps.randomization.services.schemes.go_live", "randomization.scheme.released")
def lists_released(world: World) -> Call:
    scheme = randomization.create_scheme(SYSTEM, world.study)
    return lambda: randomization.go_live(SYSTEM, scheme)


@scenario("apps.randomization.services.schemes.extend_lists", "randomization.list.extended")
def lists_extended(world: World) -> Call:
    scheme = randomization.go_live(SYSTEM, randomization.create_scheme(SYSTEM, world.study))
    return lambda: randomization.extend_lists(SYSTEM, scheme, 200, reason="Nearly used up")


@scenario(
    "apps.randomization.services.allocating.admit_subject",
    "enrolment.subject.enrolled",
    "subjects.milestone.set",
    "subjects.status.changed",
)
def enrolled_before_randomization(world: World) -> Call:
    subject = world.screened
    enrolment.confirm_eligibility(SYSTEM, subject)
    return lambda: randomization.admit_subject(SYSTEM, subject)


# what does not need the arm comes first, since the slot is held from then on
ALLOCATED = (
    "subjects.milestone.set",
    "subjects.status.changed",
    "visits.schedule.replanned",
    "randomization.subject.randomized",
    "randomization.arm.allocated",
)


def next_slot_of(world: World, seed: bytes) -> Call:
    subject = journeys.screened(world.site, days_ago=0)
    secret = Secret(bytes(32), seed)
    randomization.go_live(SYSTEM, randomization.create_scheme(SYSTEM, world.study, secret=secret))
    enrolment.confirm_eligibility(SYSTEM, subject)
    enrolment.enrol_subject(SYSTEM, subject)
    return lambda: randomization.randomize_subject(SYSTEM, subject)


# only LOW has a visit of its own; its events are for those who may know the arm
@scenario(
    "apps.randomization.services.allocating.randomize_subject",
    *ALLOCATED,
    "visits.branch.opened",
    "visits.schedule.replanned",
)
def next_slot_is_low(world: World) -> Call:
    return next_slot_of(world, b"a" * 32)


@scenario("apps.randomization.services.allocating.randomize_subject", *ALLOCATED)
def next_slot_is_high(world: World) -> Call:
    return next_slot_of(world, b"b" * 32)


@scenario("apps.subjects.services.transfer_subject", "subjects.subject.transferred", "subjects.subject.transferred")
def a_family_moved(world: World) -> Call:
    subject, to = world.screened, world.study.sites.get(code="02")
    return lambda: subjects.transfer_subject(SYSTEM, subject, to, world.yesterday, reason="The family moved.")


def sealed_lists(world: World, *, live: bool = True):
    scheme = randomization.create_scheme(SYSTEM, world.study)
    return randomization.go_live(SYSTEM, scheme) if live else scheme


@scenario("apps.randomization.services.schemes.discard_scheme", "randomization.list.discarded")
def lists_made_anew(world: World) -> Call:
    scheme = sealed_lists(world, live=False)
    return lambda: randomization.discard_scheme(SYSTEM, scheme, reason="Wrong plan")


@scenario("apps.randomization.services.schemes.try_scheme", "randomization.scheme.tried")
def dry_run(world: World) -> Call:
    return lambda: randomization.try_scheme(SYSTEM, world.study)


def revealed_lists(world: World):
    scheme = sealed_lists(world)
    Study.objects.filter(pk=world.study.pk).update(hold=Hold.LOCKED)
    return randomization.reveal_scheme(SYSTEM, scheme, reason="The study is over")


@scenario("apps.randomization.services.schemes.reveal_scheme", "randomization.scheme.revealed")
def study_is_over(world: World) -> Call:
    scheme = sealed_lists(world)
    Study.objects.filter(pk=world.study.pk).update(hold=Hold.LOCKED)
    return lambda: randomization.reveal_scheme(SYSTEM, scheme, reason="The study is over")


@scenario("apps.randomization.services.schemes.download_revealed", "randomization.scheme.downloaded")
def revealed_file(world: World) -> Call:
    scheme = revealed_lists(world)
    return lambda: randomization.download_revealed(SYSTEM, scheme)


@scenario(
    "apps.randomization.services.mistakes.record_misrandomization",
    "randomization.mistake.recorded",
    "review.deviation.reported",
)
def wrong_stratum(world: World) -> Call:
    subject = world.randomized
    return lambda: randomization.record_misrandomization(SYSTEM, subject, kind="wrong_stratum", reason="Misread")


@scenario("apps.randomization.services.unblinding.unblind_subject", "randomization.arm.unblinded")
def emergency(world: World) -> Call:
    subject, investigator = world.randomized, world.personas["investigator"]
    Membership.objects.create(user=investigator.user, study=world.study, role=Role.OUTCOME_ASSESSOR)
    return lambda: randomization.unblind_subject(investigator.actor, subject, category="emergency", reason="Seizure")


IMPORTED = {"method": "imported", "strata": ["KMP"]} | small.R
LINES = b"position,KMP,arm\n1,N,HIGH\n1,Y,LOW\n"


@scenario("apps.randomization.services.schemes.import_list", "randomization.list.sealed")
def list_of_a_statistician(world: World) -> Call:
    study = small.publish_small(study="imported", randomization=IMPORTED)
    return lambda: randomization.import_list(SYSTEM, study, LINES)


@scenario("apps.randomization.services.schemes.extend_by_import", "randomization.list.extended")
def another_file(world: World) -> Call:
    study = small.publish_small(study="imported", randomization=IMPORTED)
    scheme = randomization.go_live(SYSTEM, randomization.import_list(SYSTEM, study, LINES))
    more = b"position,KMP,arm\n2,Y,LOW\n"
    return lambda: randomization.extend_by_import(SYSTEM, scheme, more, reason="More subjects")
