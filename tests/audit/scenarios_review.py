"""Holds, marks, signatures, close-out, deviations, monitoring visits."""

from service_scenarios import Call, World, scenario

from apps.common.actors import SYSTEM
from apps.review import services as review
from apps.review.services import deviations, monitoring
from apps.review.services.marks import ask_of_hidden_marks
from apps.review.services.proposals import propose_from_dates
from tests import journeys


@scenario("apps.review.services.holds.freeze", "review.hold.frozen")
def subject_is_frozen(world: World) -> Call:
    subject = world.screened
    return lambda: review.freeze(world.personas["data_manager"].actor, subject, reason="Data cleaning")


@scenario("apps.review.services.holds.lock", "review.hold.locked")
def site_is_locked(world: World) -> Call:
    assert world.personas["data_manager"]  # a site without subjects has nothing that stands
    return lambda: review.lock(world.personas["data_manager"].actor, world.site, reason="Database lock")


@scenario("apps.review.services.closing.waive_line", "review.closing.waived")
def a_casebook_that_nobody_will_sign(world: World) -> Call:
    subject = world.screened
    return lambda: review.waive_line(SYSTEM, subject, "unsigned", reason="The investigator left the hospital.")


@scenario("apps.review.services.holds.release", "review.hold.released")
def hold_is_released(world: World) -> Call:
    frozen = review.freeze(SYSTEM, world.screened, reason="Data cleaning")
    return lambda: review.release(world.personas["data_manager"].actor, frozen, reason="Correction allowed")


@scenario("apps.review.services.signing.sign", "review.signature.given")
def casebook_is_signed(world: World) -> Call:
    subject = world.screened
    actor = world.personas["investigator"].actor
    records = list(subject.records.all())
    return lambda: review.sign(actor, subject, level="casebook", object_id=subject.pk, meaning="Reviewed", records=records)


@scenario("apps.review.services.signing.sign_data", "review.signature.given")
def a_form_is_signed(world: World) -> Call:
    record = journeys.enter(world.screened, "DX", "SCR", complete=True)
    actor = world.personas["investigator"].actor
    return lambda: review.sign_data(actor, record, {record.pk: record.revision})


@scenario("apps.review.services.marks.mark_record", "review.mark.given")
def a_form_is_verified(world: World) -> Call:
    record = world.screened.records.get(form_oid="DX")
    actor = world.personas["monitor"].actor
    return lambda: review.mark_record(actor, record, record.revision, kind="sdv")


@scenario("apps.review.services.marks.mark_record")
def a_form_is_verified_already(world: World) -> Call:
    record = world.screened.records.get(form_oid="DX")
    review.mark_record(SYSTEM, record, record.revision, kind="sdv")
    return lambda: review.mark_record(SYSTEM, record, record.revision, kind="sdv")


@scenario("apps.review.services.marks.mark_visit", *["review.mark.given"] * 4)
def a_visit_is_verified(world: World) -> Call:
    seen = dict(world.screened.records.values_list("pk", "revision"))
    visit = world.visit("SCR")
    return lambda: review.mark_visit(world.personas["monitor"].actor, visit, seen, kind="sdv")


@scenario("apps.review.services.marks.withdraw_marks", "review.mark.withdrawn")
def the_wrong_page_was_verified(world: World) -> Call:
    record = world.screened.records.get(form_oid="DX")
    review.mark_record(SYSTEM, record, record.revision, kind="sdv")
    return lambda: review.withdraw_marks(SYSTEM, record, kind="sdv", paths=["KMP"], reason="wrong page")


@scenario("apps.review.services.marks.ask_of_hidden_marks", "capture.query.opened")
def a_verified_value_is_hidden(world: World) -> Call:
    record = journeys.enter(world.screened, "VS", "SCR", FEVER="Y", TEMP="38.5")
    review.mark_record(SYSTEM, record, record.revision, kind="sdv", paths=["TEMP"])
    record = journeys.enter(world.screened, "VS", "SCR", FEVER="N")
    return lambda: ask_of_hidden_marks(SYSTEM, record)


def lost(world: World):
    return deviations.report_deviation(SYSTEM, world.site, kind="other", text="The form was lost.", subject=world.screened)


def seen(world: World):
    return deviations.propose_deviation(
        SYSTEM, world.screened, kind="window", occasion="window:1", text={"en": "Late", "zh": "迟"}
    )


@scenario("apps.review.services.deviations.report_deviation", "review.deviation.reported")
def a_deviation_is_reported(world: World) -> Call:
    assert world.screened
    return lambda: lost(world)


@scenario("apps.review.services.deviations.propose_deviation", "review.deviation.proposed")
def a_deviation_is_seen(world: World) -> Call:
    assert world.screened
    return lambda: seen(world)


@scenario("apps.review.services.deviations.propose_deviation")
def a_deviation_is_seen_again(world: World) -> Call:
    seen(world)
    return lambda: seen(world)


@scenario("apps.review.services.deviations.withdraw_proposal", "review.deviation.withdrawn")
def a_deviation_is_none_any_more(world: World) -> Call:
    seen(world)
    return lambda: deviations.withdraw_proposal(SYSTEM, world.screened, "window:1")


@scenario("apps.review.services.deviations.confirm_deviation", "review.deviation.confirmed")
def a_proposal_is_confirmed(world: World) -> Call:
    deviation = seen(world)
    return lambda: deviations.confirm_deviation(SYSTEM, deviation, severity="major")


@scenario("apps.review.services.deviations.dismiss_deviation", "review.deviation.dismissed")
def a_proposal_is_dismissed(world: World) -> Call:
    deviation = seen(world)
    return lambda: deviations.dismiss_deviation(SYSTEM, deviation, reason="agreed beforehand")


@scenario("apps.review.services.deviations.describe_deviation", "review.deviation.described")
def a_cause_is_found(world: World) -> Call:
    deviation = lost(world)
    return lambda: deviations.describe_deviation(SYSTEM, deviation, {"cause": "Flood"})


def described(world: World):
    values = {"cause": "Flood", "corrective_action": "Copied"}
    return deviations.describe_deviation(SYSTEM, lost(world), values)


@scenario("apps.review.services.deviations.close_deviation", "review.deviation.closed")
def a_deviation_is_settled(world: World) -> Call:
    deviation = described(world)
    return lambda: deviations.close_deviation(SYSTEM, deviation)


@scenario("apps.review.services.deviations.reopen_deviation", "review.deviation.reopened")
def a_deviation_is_not_settled(world: World) -> Call:
    deviation = deviations.close_deviation(SYSTEM, described(world))
    return lambda: deviations.reopen_deviation(SYSTEM, deviation, reason="again")


@scenario("apps.review.services.proposals.propose_from_dates")
def nothing_is_out_of_place(world: World) -> Call:
    subject = world.screened
    return lambda: propose_from_dates(SYSTEM, subject)


def planned(world: World):
    return monitoring.plan_monitoring(SYSTEM, world.site, kind="routine", on=world.today, monitors="Wang Fang")


def to_do(world: World):
    return monitoring.add_action(SYSTEM, planned(world), text="File it.", assigned_role="coordinator", due_on=world.today)


@scenario("apps.review.services.monitoring.plan_monitoring", "review.monitoring.planned")
def a_monitor_will_come(world: World) -> Call:
    assert world.site
    return lambda: planned(world)


@scenario("apps.review.services.monitoring.finish_monitoring", "review.monitoring.done")
def a_monitor_was_there(world: World) -> Call:
    visit, subject = planned(world), world.screened
    return lambda: monitoring.finish_monitoring(SYSTEM, visit, until=world.today, summary="Well.", subjects=[subject])


@scenario("apps.review.services.monitoring.add_action", "review.monitoring.found")
def something_is_to_be_done(world: World) -> Call:
    visit, day = planned(world), world.today
    return lambda: monitoring.add_action(SYSTEM, visit, text="x", assigned_role="coordinator", due_on=day)


@scenario("apps.review.services.monitoring.add_query_finding", "capture.query.opened", "review.monitoring.found")
def something_is_asked(world: World) -> Call:
    record, visit, day = world.screened.records.get(form_oid="DX"), planned(world), world.today
    return lambda: monitoring.add_query_finding(
        SYSTEM, visit, record, item_oid="SHRINK", line_key="", text="Really?", due_on=day
    )


@scenario("apps.review.services.monitoring.do_action", "review.monitoring.settled")
def it_is_done(world: World) -> Call:
    action = to_do(world)
    return lambda: monitoring.do_action(SYSTEM, action, how="Filed.")
