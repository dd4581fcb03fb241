"""capture, safety, dosing, notifications, exports."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from service_scenarios import Call, World, scenario

from apps.capture import services as capture
from apps.capture.models import FormRecord
from apps.capture.places import RecordRef, load_place
from apps.casebook import services as printing
from apps.common.actors import SYSTEM
from apps.dosing import services as dosing
from apps.enrolment.services import screen
from apps.exports import services as exports
from apps.notifications import services as notifications
from apps.notifications import wording
from apps.randomization.selectors import arm_code
from apps.safety import services as safety
from apps.visits.services import add_unscheduled
from tests import journeys


@scenario("apps.capture.services.records.save_record", "capture.record.saved", "visits.visit.progressed")
def first_form_of_a_visit(world: World) -> Call:
    ref = world.ref("VS", "M1", world.randomized)
    return lambda: capture.save_record(SYSTEM, ref, {"HEIGHT": "80.0"}, 0)


@scenario("apps.capture.services.records.save_record", "capture.record.saved")
def second_save(world: World) -> Call:
    record = journeys.enter(world.screened, "VS", "SCR", HEIGHT="80.0")
    return lambda: capture.save_record(SYSTEM, RecordRef.of(record), {"HEIGHT": "81.0"}, 1)


@scenario("apps.capture.services.records.save_record")
def nothing_changed(world: World) -> Call:
    record = journeys.enter(world.screened, "VS", "SCR", HEIGHT="80.0")
    return lambda: capture.save_record(SYSTEM, RecordRef.of(record), {"HEIGHT": "80.0"}, 1)


# the query that the check opens is written by the same statement and told in the same event
@scenario("apps.capture.services.records.save_record", "capture.record.saved")
def out_of_the_soft_range(world: World) -> Call:
    ref = world.ref("VS", "SCR")
    return lambda: capture.save_record(SYSTEM, ref, {"HEIGHT": "30.0"}, 0)


@scenario(
    "apps.capture.services.records.save_record",
    "capture.record.saved",
    "subjects.milestone.set",
    "visits.schedule.replanned",
    "visits.visit.progressed",
)
def consent_given(world: World) -> Call:
    subject = screen(SYSTEM, world.site, world.today)
    ref = world.ref("IC", "SCR", subject)
    return lambda: capture.save_record(SYSTEM, ref, {"RFICDAT": world.today.isoformat()}, 0)


@scenario("apps.capture.services.records.save_record", "capture.record.completed")
def made_complete(world: World) -> Call:
    record = journeys.enter(world.screened, "HEM", "SCR", PLT="200")
    values = {"HEMDAT": world.today.isoformat()}
    return lambda: capture.save_record(SYSTEM, RecordRef.of(record), values, 1, complete=True)


@scenario("apps.capture.services.records.record_not_done", "capture.record.not_done")
def not_done(world: World) -> Call:
    ref = world.ref("VS", "SCR")
    return lambda: capture.record_not_done(SYSTEM, ref, 0, reason="the child cried")


@scenario("apps.capture.services.records.inactivate_record", "capture.record.inactivated")
def entered_for_the_wrong_child(world: World) -> Call:
    record = journeys.enter(world.screened, "AE", AETERM="Fever")
    return lambda: capture.inactivate_record(SYSTEM, RecordRef.of(record), 1, reason="another child's")


@scenario("apps.capture.services.records.reactivate_record", "capture.record.reactivated")
def right_after_all(world: World) -> Call:
    record = journeys.enter(world.screened, "AE", AETERM="Fever")
    capture.inactivate_record(SYSTEM, RecordRef.of(record), 1, reason="another child's")
    return lambda: capture.reactivate_record(SYSTEM, RecordRef.of(record), 2, reason="it was this child's")


# typed and not saved: no event until it becomes data
@scenario("apps.capture.services.drafts.save_draft")
def typed(world: World) -> Call:
    actor, ref = world.personas["coordinator"].actor, world.ref("VS", "SCR")
    return lambda: capture.save_draft(actor, ref, {"HEIGHT": "8"}, 0)


@scenario("apps.capture.services.drafts.discard_draft")
def thrown_away(world: World) -> Call:
    actor, ref = world.personas["coordinator"].actor, world.ref("VS", "SCR")
    capture.save_draft(actor, ref, {"HEIGHT": "8"}, 0)
    return lambda: capture.discard_draft(actor, ref)


@scenario("apps.capture.services.files.store_file", "capture.file.stored")
def a_letter(world: World) -> Call:
    upload = SimpleUploadedFile("letter.pdf", b"%PDF-1.7\n%%EOF\n")
    ref = world.ref("DS")
    return lambda: capture.store_file(SYSTEM, ref, "DSFILE", upload)


def asked(world: World):
    record = journeys.enter(world.screened, "VS", "SCR", HEIGHT="80.0")
    return capture.open_query(SYSTEM, record, text="Really?", item_oid="HEIGHT")


@scenario("apps.capture.services.queries.open_query", "capture.query.opened")
def a_question(world: World) -> Call:
    record = journeys.enter(world.screened, "VS", "SCR", HEIGHT="80.0")
    return lambda: capture.open_query(SYSTEM, record, text="Really?", item_oid="HEIGHT")


@scenario("apps.capture.services.queries.answer_query", "capture.query.answered")
def an_answer(world: World) -> Call:
    query = asked(world)
    return lambda: capture.answer_query(SYSTEM, query, "Yes, measured twice.")


@scenario("apps.capture.services.queries.close_query", "capture.query.closed")
def accepted(world: World) -> Call:
    query = asked(world)
    return lambda: capture.close_query(SYSTEM, query)


@scenario("apps.capture.services.queries.reopen_query", "capture.query.reopened")
def not_settled(world: World) -> Call:
    query = capture.close_query(SYSTEM, asked(world))
    return lambda: capture.reopen_query(SYSTEM, query, "Please look again.")


def raised(world: World):
    text = {"en": "Low platelets", "zh": "血小板低"}
    return safety.raise_flag(SYSTEM, world.screened, kind="ctcae", occasion="a", severity="warning", text=text)


@scenario("apps.safety.services.flags.raise_flag", "safety.flag.raised")
def a_new_occasion(world: World) -> Call:
    assert world.screened
    return lambda: raised(world)


@scenario("apps.safety.services.flags.raise_flag")
def the_same_occasion(world: World) -> Call:
    raised(world)
    return lambda: raised(world)


@scenario("apps.safety.services.flags.acknowledge_flag", "safety.flag.acknowledged")
def seen(world: World) -> Call:
    flag = raised(world)
    return lambda: safety.acknowledge_flag(SYSTEM, flag)


@scenario("apps.safety.services.flags.resolve_flag", "safety.flag.resolved")
def done_about_it(world: World) -> Call:
    flag = raised(world)
    return lambda: safety.resolve_flag(SYSTEM, flag, note="transfused")


@scenario("apps.safety.services.grading.grade_record", "safety.grade.given", "safety.flag.raised")
def severe(world: World) -> Call:
    subject, day = world.screened, world.today
    journeys.enter(subject, "HEM", "SCR", HEMDAT=day.isoformat(), PLT="200")
    add_unscheduled(SYSTEM, subject, "UNS", day, reason="Bleeding")
    record = journeys.enter(subject, "HEM", "UNS", HEMDAT=day.isoformat(), PLT="20")
    return lambda: safety.grade_record(SYSTEM, record)


@scenario("apps.safety.services.grading.grade_record")
def graded_already(world: World) -> Call:
    record = journeys.enter(world.screened, "HEM", "SCR", HEMDAT=world.today.isoformat(), PLT="20")
    safety.grade_record(SYSTEM, record)
    return lambda: safety.grade_record(SYSTEM, record)


@scenario("apps.safety.services.grading.flag_serious_event", "safety.flag.raised")
def serious(world: World) -> Call:
    record = journeys.enter(world.screened, "AE", AETERM="Bleeding", AESER="Y")
    return lambda: safety.flag_serious_event(SYSTEM, record)


@scenario("apps.safety.services.grading.flag_serious_event")
def not_serious(world: World) -> Call:
    record = journeys.enter(world.screened, "AE", AETERM="Cough", AESER="N")
    return lambda: safety.flag_serious_event(SYSTEM, record)


def level(world: World, value: str):
    subject, day = world.randomized, world.today.isoformat()
    journeys.enter(subject, "EC", ECSTDAT=day, ECDOSE="0.4", ECFREQ="BID")
    add_unscheduled(SYSTEM, subject, "UNS", world.today, reason="level")
    taken = {"LASTDOSEDAT": day, "LASTDOSETIM": "10:00"}
    return journeys.enter(subject, "PC", "UNS", PCDAT=day, PCTIM="22:00", SIROTR=value, **taken)


@scenario("apps.dosing.services.assess_trough", "dosing.trough.assessed", "safety.flag.raised")
def too_high(world: World) -> Call:
    record = level(world, "17.0")
    return lambda: dosing.assess_trough(SYSTEM, record)


@scenario("apps.dosing.services.assess_trough", "dosing.trough.assessed")
def in_range(world: World) -> Call:
    record = level(world, "8.0" if arm_code(world.randomized) == "LOW" else "12.0")
    return lambda: dosing.assess_trough(SYSTEM, record)


def told(world: World, occasion: str = "one"):
    user = world.personas["monitor"].user
    say, args = wording.export_finished, (True,)
    return notifications.notify(SYSTEM, world.study, [user], kind="export", occasion=occasion, say=say, args=args)


@scenario("apps.notifications.services.notify", "notifications.notice.written")
def a_notice(world: World) -> Call:
    assert world.personas["monitor"]
    return lambda: told(world)


@scenario("apps.notifications.services.notify")
def told_already(world: World) -> Call:
    told(world)
    return lambda: told(world)


@scenario("apps.notifications.services.mark_read", "notifications.notice.read")
def read(world: World) -> Call:
    (notice,) = told(world)
    return lambda: notifications.mark_read(world.personas["monitor"].actor, notice)


@scenario("apps.notifications.services.send_mail_of", "notifications.mail.sent")
def mail_leaves(world: World) -> Call:
    told(world)
    notice = notifications.claim_mail()
    return lambda: notifications.send_mail_of(SYSTEM, notice)


@scenario("apps.notifications.services.send_mail_of", "notifications.mail.failed")
def mail_is_refused(world: World) -> Call:
    told(world)
    notice = notifications.claim_mail()
    world.request.getfixturevalue("settings").EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    world.request.getfixturevalue("settings").EMAIL_PORT = 1
    return lambda: notifications.send_mail_of(SYSTEM, notice)


def wanted(world: World):
    assert world.screened
    return exports.request_export(world.personas["monitor"].actor, world.study)


@scenario("apps.exports.services.request_export", "exports.export.requested")
def asked_for(world: World) -> Call:
    assert world.personas["monitor"] and world.screened
    return lambda: wanted(world)


@scenario("apps.exports.services.make_export", "exports.export.finished")
def made(world: World) -> Call:
    export = exports.claim_export(wanted(world).pk)
    return lambda: exports.make_export(SYSTEM, export)


@scenario("apps.exports.services.record_download", "exports.export.downloaded")
def handed_out(world: World) -> Call:
    export = exports.make_export(SYSTEM, exports.claim_export(wanted(world).pk))
    return lambda: exports.record_download(world.personas["monitor"].actor, export)


@scenario("apps.safety.services.questions.flag_questions")
def nothing_is_asked(world: World) -> Call:
    subject = world.screened
    return lambda: safety.flag_questions(SYSTEM, subject)


def born_too_late(world: World):
    """A blood count whose check reads the birth date on another form, which a fact now contradicts."""
    record = journeys.enter(world.screened, "HEM", "SCR", HEMDAT=world.today.isoformat(), PLT="200")
    FormRecord.objects.filter(subject=world.screened, form_oid="DM").update(data={"BRTHDAT": "2999-01-01", "SEX": "F"})
    return record


@scenario("apps.capture.services.rechecking.recheck_record", "capture.checks.run")
def a_check_fires_that_did_not(world: World) -> Call:
    record = born_too_late(world)
    return lambda: capture.recheck_record(SYSTEM, record)


@scenario("apps.capture.services.rechecking.recheck_record")
def the_checks_say_the_same(world: World) -> Call:
    record = journeys.enter(world.screened, "HEM", "SCR", HEMDAT="2020-01-01", PLT="200")
    return lambda: capture.recheck_record(SYSTEM, record)


@scenario("apps.capture.services.rechecking.recheck_readers", "capture.checks.run")
def the_birth_date_changed(world: World) -> Call:
    subject = born_too_late(world).subject
    return lambda: capture.recheck_readers(SYSTEM, subject, ["BRTHDAT"])


@scenario("apps.capture.services.rechecking.recheck_visits")
def a_visit_moved_that_no_rule_asks_for(world: World) -> Call:
    subject = born_too_late(world).subject
    return lambda: capture.recheck_visits(SYSTEM, subject)


@scenario("apps.capture.services.rechecking.run_checks", "capture.checks.run")
def all_checks_again(world: World) -> Call:
    study = born_too_late(world).subject.study
    return lambda: capture.run_checks(SYSTEM, study)


@scenario("apps.capture.services.queries.assign_query", "capture.query.assigned")
def somebody_else_is_to_answer(world: World) -> Call:
    query = asked(world)
    return lambda: capture.assign_query(SYSTEM, query, assigned_role="investigator")


@scenario("apps.capture.services.queries.answer_queries", "capture.query.answered", "capture.query.answered")
def two_at_once(world: World) -> Call:
    queries = [asked(world), asked(world)]
    return lambda: capture.answer_queries(SYSTEM, queries, "As in the source.")


@scenario("apps.capture.services.queries.close_queries", "capture.query.closed", "capture.query.closed")
def two_closed_at_once(world: World) -> Call:
    queries = [asked(world), asked(world)]
    return lambda: capture.close_queries(SYSTEM, queries, "Seen in the source.")


@scenario("apps.capture.services.queries.answer_by_change", "capture.query.answered")
def the_value_was_corrected(world: World) -> Call:
    record = asked(world).record
    changes = [("HEIGHT", "80.0", "81.0")]
    return lambda: capture.answer_by_change(SYSTEM, record, changes, by="Li Na", at=timezone.now())


def to_print(world: World):
    actor = world.personas["monitor"].actor
    return printing.request_printout(actor, world.study, kind="casebook", language="en", subject=world.screened)


@scenario("apps.casebook.services.request_printout", "casebook.printout.requested")
def a_casebook_is_wanted(world: World) -> Call:
    assert world.personas["monitor"] and world.screened
    return lambda: to_print(world)


@scenario("apps.casebook.services.make_printout", "casebook.printout.finished")
def a_casebook_is_printed(world: World) -> Call:
    printout = printing.claim_printout(to_print(world).pk)
    return lambda: printing.make_printout(SYSTEM, printout)


@scenario("apps.casebook.services.record_download", "casebook.printout.downloaded")
def a_casebook_is_handed_out(world: World) -> Call:
    printout = printing.make_printout(SYSTEM, printing.claim_printout(to_print(world).pk))
    return lambda: printing.record_download(world.personas["monitor"].actor, printout)


# a sign of life: no event until somebody takes the form over
@scenario("apps.capture.services.openings.keep_open")
def a_form_is_open(world: World) -> Call:
    actor, ref = world.personas["coordinator"].actor, world.ref("VS", "SCR")
    return lambda: capture.keep_open(actor, load_place(actor, ref))


@scenario("apps.capture.services.openings.take_over", "capture.form.taken_over")
def a_form_is_taken_over(world: World) -> Call:
    first, second, ref = world.personas["coordinator"].actor, world.personas["investigator"].actor, world.ref("VS", "SCR")
    capture.keep_open(first, load_place(first, ref))
    return lambda: capture.take_over(second, ref)


@scenario("apps.capture.services.moving.move_record", "capture.record.moved", "capture.record.inactivated")
def a_form_of_another_child(world: World) -> Call:
    record = journeys.enter(world.screened, "AE", AETERM="Fever")
    other = journeys.screened(world.site)
    to = RecordRef(other.pk, "AE")
    return lambda: capture.move_record(SYSTEM, RecordRef.of(record), to, 1, reason="another child's")
