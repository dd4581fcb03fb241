"""Marks, signatures, holds and the close-out list, on the pages of a form, a visit, a subject and the study."""

import json

from apps.capture.permissions import SCORE_READING, VIEW_RECORDS
from apps.casebook.permissions import PRINT
from apps.review.permissions import FREEZE, REVIEW_MEDICAL, SIGN, VERIFY, VIEW_CLOSING, WAIVE
from apps.subjects.permissions import TRANSFER_SUBJECT, VIEW_SUBJECTS
from tests.permissions.rows import ABSENT_IN_STUDY, OWNER, SITE, STUDY, Row, at_subject, post, study_slug
from tests.permissions.rows_records import BLINDED, and_item, at_blinded, at_form, at_log


def at_printout(world) -> dict:
    return study_slug(world) | {"pk": world.printout.pk}


def kind(place, name="sdv"):
    return lambda world: place(world) | {"kind": name}


def at_visit(world) -> dict:
    return at_subject(world) | {"visit_id": world.visit.pk}


def seen(world) -> dict:
    rows = world.subject.records.filter(visit=world.visit).values_list("pk", "revision")
    return {"seen": json.dumps(dict(rows))}


def at_revision(world) -> dict:
    return {"revision": str(world.record.revision)}


def freezing(world) -> dict:
    return {"step": "freeze", "reason": "Data cleaning"}


def no_such_reading(world) -> dict:
    return study_slug(world) | {"code": "R-NOBODY"}


ROWS = {
    "casebook:readings": Row(STUDY, SCORE_READING, study_slug),
    "casebook:reading": Row(ABSENT_IN_STUDY, SCORE_READING, no_such_reading),
    "casebook:reading_image": Row(ABSENT_IN_STUDY, SCORE_READING, lambda world: no_such_reading(world) | {"number": 1}),
    "casebook:form_mark": post(SITE, VERIFY, kind(at_form), at_revision),
    "casebook:form_mark#medical": post(SITE, REVIEW_MEDICAL, kind(at_form, "medical"), at_revision),
    "casebook:log_form_mark": post(SITE, VERIFY, kind(at_log), lambda world: {"revision": "1"}),
    "casebook:log_form_mark#blinded": post(
        SITE, VERIFY, kind(at_blinded), lambda world: {"revision": "1"}, hidden_from=BLINDED
    ),
    "casebook:form_item_mark": post(SITE, VERIFY, kind(and_item(at_form, "SEX")), at_revision),
    "casebook:log_form_item_mark": post(SITE, VERIFY, kind(and_item(at_log, "AETERM")), lambda world: {"revision": "1"}),
    "casebook:visit_mark": post(SITE, VERIFY, kind(at_visit), seen),
    "casebook:form_sign": Row(SITE, SIGN, at_form),
    "casebook:form_sign#sign": post(SITE, SIGN, at_form, seen),
    "casebook:log_form_sign": Row(SITE, SIGN, at_log),
    "casebook:visit_sign": Row(SITE, SIGN, at_visit),
    "casebook:sign": Row(SITE, SIGN, at_subject),
    "casebook:signatures": Row(SITE, VIEW_SUBJECTS, at_subject),
    "casebook:form_hold": post(SITE, FREEZE, at_form, freezing),
    "casebook:log_form_hold": post(SITE, FREEZE, at_log, freezing),
    "casebook:visit_hold": post(SITE, FREEZE, at_visit, freezing),
    "casebook:hold": post(SITE, FREEZE, at_subject, freezing),
    "casebook:close_out": Row(SITE, VIEW_CLOSING, at_subject),
    "casebook:close_out#waive": post(SITE, VIEW_CLOSING, at_subject, lambda world: {"line": "unsigned", "reason": ""}),
    "casebook:study_close_out": Row(STUDY, WAIVE, study_slug),
    "casebook:transfer": Row(SITE, TRANSFER_SUBJECT, at_subject),
    "casebook:transferred": Row(STUDY, PRINT, study_slug),
    "casebook:printouts": Row(STUDY, PRINT, study_slug),
    "casebook:printouts#ask": post(STUDY, PRINT, study_slug, lambda world: {"kind": "blank", "language": "en"}),
    "casebook:printout": Row(OWNER, kwargs=at_printout, owner="monitor"),
    "casebook:printout_download": post(OWNER, kwargs=at_printout, owner="monitor"),
    "casebook:visit_worksheet": Row(SITE, VIEW_RECORDS, at_visit),
    "casebook:log_worksheet": Row(SITE, VIEW_RECORDS, lambda world: at_subject(world) | {"form_oid": "AE"}),
    "casebook:log_worksheet#blinded": Row(
        SITE, VIEW_RECORDS, lambda world: at_subject(world) | {"form_oid": "EC"}, hidden_from=BLINDED
    ),
    "casebook:verification": Row(STUDY, VIEW_RECORDS, study_slug),
    "casebook:verification_changed": Row(STUDY, VIEW_RECORDS, study_slug),
}
