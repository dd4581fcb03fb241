"""Decisions of the sponsor, the identification list, and flags about who a subject is and whether it is eligible."""

from service_scenarios import Call, World, scenario

from apps.common.actors import SYSTEM, Actor
from apps.common.permissions import Role
from apps.enrolment import services as enrolment
from apps.safety import services as safety
from apps.studies import services as studies
from apps.studies.models import Study
from apps.subjects.models import Subject
from apps.subjects.services.identities import record_identity, view_identities
from tests import journeys, small


@scenario("apps.studies.services.deciding.decide_question", "studies.version.published")
def sponsor_answers(world: World) -> Call:
    study, day = Study.objects.get(pk=world.study.pk), world.yesterday
    answer = {"en": "Nobody with exactly 30 %."}
    return lambda: studies.decide_question(SYSTEM, study, "Q01", answer=answer, document="Letter 4", decided_on=day)


def listed() -> tuple[Actor, Subject]:
    study = small.publish_small(study="listed", identification_list=True)
    site = small.site_of(study)
    return small.person(study, Role.COORDINATOR, site), small.screened(site)


@scenario("apps.subjects.services.identities.record_identity", "subjects.identity.recorded")
def entry_of_the_list(world: World) -> Call:
    coordinator, subject = listed()
    return lambda: record_identity(coordinator, subject, {"name": "Zhang"})


@scenario("apps.subjects.services.identities.view_identities", "subjects.identity.viewed")
def look_at_the_list(world: World) -> Call:
    coordinator, subject = listed()
    return lambda: view_identities(coordinator, subject.site)


@scenario("apps.safety.services.duplicates.flag_duplicates", "safety.flag.raised")
def same_child_twice(world: World) -> Call:
    site = small.site_of(small.publish_small(study="twice", duplicates=["BRTHDAT"]))
    records = []
    for _ in range(2):
        subject = small.screened(site)
        small.consent(subject)
        records.append(journeys.enter(subject, "DM", "SCR", BRTHDAT="2023-04-05"))
    return lambda: safety.flag_duplicates(SYSTEM, records[1])


@scenario("apps.safety.services.duplicates.flag_duplicates")
def a_form_that_tells_nobody_apart(world: World) -> Call:
    record = world.screened.records.get(form_oid="DX")
    return lambda: safety.flag_duplicates(SYSTEM, record)


@scenario("apps.safety.services.eligibility.flag_changed_eligibility", "safety.flag.raised")
def shrunk_after_all(world: World) -> Call:
    subject = world.screened
    enrolment.confirm_eligibility(SYSTEM, subject)
    journeys.enter(subject, "DX", "SCR", SHRINK="45")
    return lambda: safety.flag_changed_eligibility(SYSTEM, subject)


@scenario("apps.safety.services.eligibility.flag_changed_eligibility")
def nothing_confirmed(world: World) -> Call:
    subject = world.screened
    return lambda: safety.flag_changed_eligibility(SYSTEM, subject)
