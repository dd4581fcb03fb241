"""Forms at a visit and of a log, what lies beside their items, and queries. A blinded form is not there for the blinded."""

from apps.capture.permissions import (
    ADJUDICATE,
    ANSWER_QUERY,
    CLOSE_QUERY,
    ENTER_DATA,
    INACTIVATE_RECORD,
    MOVE_RECORD,
    OPEN_QUERY,
    SECOND_ENTRY,
    VIEW_RECORDS,
)
from apps.common.permissions import Role
from tests.permissions.rows import ABSENT, SITE, STUDY, Row, at_subject, post, study_slug

BLINDED = frozenset({Role.OUTCOME_ASSESSOR})


def at_form(world) -> dict:
    return at_subject(world) | {"visit_id": world.visit.pk, "form_oid": "DM", "repeat": 1}


def at_log(world) -> dict:
    return at_subject(world) | {"form_oid": world.event.form_oid, "repeat": world.event.repeat}


def at_blinded(world) -> dict:
    return at_subject(world) | {"form_oid": world.dose.form_oid, "repeat": world.dose.repeat}


def at_letter(world) -> dict:
    return at_subject(world) | {"form_oid": "DS", "repeat": 1, "attachment_id": world.letter.pk}


def and_item(place, name):
    return lambda world: place(world) | {"name": name}


def and_group(place, group):
    return lambda world: place(world) | {"group": group}


def step(name):
    return lambda world: {"slug": world.study.slug, "query_id": world.query.pk, "step": name}


def at_query(world) -> dict:
    return {"slug": world.study.slug, "query_id": world.query.pk}


def typed(world) -> dict:
    return {"revision": "1", "SEX": "M", "reason": "Typing error"}


def chosen(world) -> dict:
    return {"choice.SEX": "second", "reason": "The source says so"}


def text(world) -> dict:
    return {"text": "Please check against the source."}


def reason(world) -> dict:
    return {"revision": "1", "reason": "Entered for the wrong subject"}


ROWS = {
    "casebook:form": Row(SITE, VIEW_RECORDS, at_form),
    "casebook:form#save": post(SITE, ENTER_DATA, at_form, typed),
    "casebook:form_evaluate": post(SITE, VIEW_RECORDS, at_form, typed),
    "casebook:form_draft": post(SITE, ENTER_DATA, at_form, typed),
    "casebook:form_draft#discard": post(SITE, ENTER_DATA, at_form, lambda world: {"discard": ""}),
    "casebook:form_second": Row(SITE, SECOND_ENTRY, at_form),
    "casebook:form_second#save": post(SITE, SECOND_ENTRY, at_form, lambda world: {"revision": "0", "SEX": "F"}),
    "casebook:form_second_evaluate": post(SITE, SECOND_ENTRY, at_form, typed),
    "casebook:form_second_draft": post(SITE, SECOND_ENTRY, at_form, typed),
    "casebook:form_second_new_line": post(ABSENT, None, and_group(at_form, "DMG")),
    "casebook:form_differences": Row(SITE, ADJUDICATE, at_form),
    "casebook:form_differences#decide": post(
        SITE, ADJUDICATE, at_form, lambda world: {"choice.SEX": "second", "reason": "x"}
    ),
    # a log that is entered once
    "casebook:log_form_second": Row(ABSENT, kwargs=at_log),
    "casebook:log_form_second_evaluate": Row(ABSENT, kwargs=at_log, method="post"),
    "casebook:log_form_second_draft": Row(ABSENT, kwargs=at_log, method="post"),
    "casebook:log_form_second_new_line": post(ABSENT, None, and_group(at_log, "AETREAT")),
    "casebook:log_form_differences": Row(ABSENT, kwargs=at_log),
    "casebook:second_entries": Row(STUDY, VIEW_RECORDS, study_slug),
    "casebook:form_move": Row(SITE, MOVE_RECORD, at_form),
    "casebook:form_move#move": post(SITE, MOVE_RECORD, at_form, lambda world: {"number": "none", "reason": "x"}),
    "casebook:log_form_move": Row(SITE, MOVE_RECORD, at_log),
    "casebook:log_form_move#blinded": Row(SITE, MOVE_RECORD, at_blinded, hidden_from=BLINDED),
    "casebook:form_ping": post(SITE, ENTER_DATA, at_form),
    "casebook:log_form_ping": post(SITE, ENTER_DATA, at_log),
    "casebook:form_take_over": post(SITE, ENTER_DATA, at_form),
    "casebook:log_form_take_over": post(SITE, ENTER_DATA, at_log),
    "casebook:log_form_take_over#blinded": post(SITE, ENTER_DATA, at_blinded, hidden_from=BLINDED),
    "casebook:form_thumbnail": Row(ABSENT, kwargs=lambda world: at_form(world) | {"attachment_id": world.letter.pk}),
    # an image that nobody can draw: 404 like a file that is not there
    "casebook:log_form_thumbnail": Row(ABSENT, kwargs=at_letter),
    "casebook:form_not_done": post(SITE, ENTER_DATA, at_form, reason),
    "casebook:form_inactive": post(SITE, INACTIVATE_RECORD, at_form, reason),
    # the form at the visit has no table to add a line to, and no file: another form's file is not served from here
    "casebook:form_new_line": post(ABSENT, None, and_group(at_form, "DMG")),
    "casebook:form_item": Row(SITE, VIEW_RECORDS, and_item(at_form, "SEX")),
    "casebook:form_item#ask": post(SITE, OPEN_QUERY, and_item(at_form, "SEX"), text),
    "casebook:form_file": Row(ABSENT, kwargs=lambda world: at_form(world) | {"attachment_id": world.letter.pk}),
    "casebook:log": Row(SITE, VIEW_RECORDS, lambda world: at_subject(world) | {"form_oid": "AE"}),
    "casebook:log#blinded": Row(
        SITE, VIEW_RECORDS, lambda world: at_subject(world) | {"form_oid": "EC"}, hidden_from=BLINDED
    ),
    "casebook:log_form": Row(SITE, VIEW_RECORDS, at_log),
    "casebook:log_form#blinded": Row(SITE, VIEW_RECORDS, at_blinded, hidden_from=BLINDED),
    "casebook:log_form#save": post(SITE, ENTER_DATA, at_log, lambda world: {"revision": "1", "AETERM": "Cough"}),
    "casebook:log_form_evaluate": post(SITE, VIEW_RECORDS, at_log, typed),
    "casebook:log_form_evaluate#blinded": post(SITE, VIEW_RECORDS, at_blinded, typed, hidden_from=BLINDED),
    "casebook:log_form_draft": post(SITE, ENTER_DATA, at_log, typed),
    "casebook:log_form_not_done": post(SITE, ENTER_DATA, at_log, reason),
    "casebook:log_form_inactive": post(SITE, INACTIVATE_RECORD, at_log, reason),
    "casebook:log_form_new_line": post(SITE, ENTER_DATA, and_group(at_log, "AETREAT")),
    "casebook:log_form_item": Row(SITE, VIEW_RECORDS, and_item(at_log, "AETERM")),
    "casebook:log_form_item#blinded": Row(SITE, VIEW_RECORDS, and_item(at_blinded, "ECDOSE"), hidden_from=BLINDED),
    "casebook:log_form_item#ask": post(SITE, OPEN_QUERY, and_item(at_log, "AETERM"), text),
    "casebook:log_form_file": Row(SITE, VIEW_RECORDS, at_letter),
    "casebook:queries": Row(STUDY, VIEW_RECORDS, study_slug),
    "casebook:queries#close": post(STUDY, VIEW_RECORDS, study_slug, lambda world: {"step": "close", "text": "x"}),
    "casebook:queries_export": post(STUDY, VIEW_RECORDS, study_slug),
    "casebook:query_assign": post(SITE, OPEN_QUERY, at_query, lambda world: {"assigned_role": "investigator"}),
    "casebook:form_item#whole": Row(SITE, VIEW_RECORDS, and_item(at_form, "_form")),
    "casebook:form_item#ask_whole": post(SITE, OPEN_QUERY, and_item(at_form, "_form"), text),
    "casebook:query_step": post(SITE, ANSWER_QUERY, step("answer"), text),
    "casebook:query_step#close": post(SITE, CLOSE_QUERY, step("close"), text),
}
