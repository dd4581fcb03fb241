"""Subjects, their steps into the trial, their visits, and the matrix. Records are in rows_records.py."""

from apps.audit.permissions import VIEW_AUDIT
from apps.capture.permissions import VIEW_RECORDS
from apps.common.permissions import EVERYONE
from apps.enrolment.permissions import DEPART_SUBJECT, ENROL_SUBJECT
from apps.randomization.permissions import RANDOMIZE, RECORD_MISRANDOMIZATION, UNBLIND
from apps.review.permissions import FREEZE
from apps.studies.permissions import MANAGE_CONSENT_VERSIONS
from apps.subjects.permissions import SCREEN_SUBJECT, VIEW_SUBJECTS
from apps.visits.permissions import RECORD_VISIT
from tests.permissions.rows import SITE, STUDY, Row, at_subject, post, study_slug


def at_visit(world):
    return at_subject(world) | {"visit_id": world.visit.pk}


def at_site(world) -> dict:
    return study_slug(world) | {"site_code": world.site.code}


def at_consent_version(world) -> dict:
    return study_slug(world) | {"pk": world.consent_version.pk}


ROWS = {
    "casebook:matrix": Row(STUDY, VIEW_RECORDS, study_slug),
    "review:holds": Row(STUDY, FREEZE, study_slug),
    "casebook:audit": Row(STUDY, VIEW_AUDIT, study_slug),
    "casebook:audit_export": post(STUDY, VIEW_AUDIT, study_slug),
    "casebook:enrolment_count": Row(STUDY, VIEW_SUBJECTS, study_slug),
    "casebook:subjects": Row(STUDY, VIEW_SUBJECTS, study_slug),
    "casebook:screen": Row(STUDY, SCREEN_SUBJECT, study_slug),
    "casebook:subject": Row(SITE, VIEW_SUBJECTS, at_subject),
    "casebook:eligibility": Row(SITE, VIEW_SUBJECTS, at_subject),
    "casebook:enrol": Row(SITE, ENROL_SUBJECT, at_subject),
    "casebook:randomize": Row(SITE, RANDOMIZE, at_subject),
    "casebook:allocation": Row(SITE, VIEW_SUBJECTS, at_subject),
    "casebook:misrandomization": post(SITE, RECORD_MISRANDOMIZATION, at_subject),
    "casebook:unblind": post(SITE, UNBLIND, at_subject),
    "casebook:calendar": Row(STUDY, VIEW_RECORDS, study_slug),
    "casebook:screening_log": Row(STUDY, VIEW_SUBJECTS, study_slug),
    "casebook:screening_export": post(STUDY, VIEW_SUBJECTS, study_slug),
    # the small trial keeps no list; see tests/subjects/test_identities.py for those that do
    "casebook:identities": Row(SITE, None, at_site, hidden_from=EVERYONE),
    "casebook:identity": Row(SITE, None, at_subject, hidden_from=EVERYONE),
    "casebook:correct": Row(SITE, DEPART_SUBJECT, at_subject),
    "casebook:consents": Row(STUDY, VIEW_SUBJECTS, study_slug),
    "casebook:consents#enter": post(STUDY, MANAGE_CONSENT_VERSIONS, study_slug),
    "casebook:consent_withdraw": post(STUDY, MANAGE_CONSENT_VERSIONS, at_consent_version),
    "casebook:depart": Row(SITE, DEPART_SUBJECT, at_subject),
    "casebook:unscheduled": Row(SITE, RECORD_VISIT, at_subject),
    "casebook:visit": Row(SITE, VIEW_SUBJECTS, at_visit),
    "casebook:visit_date": post(SITE, RECORD_VISIT, at_visit),
    "casebook:visit_book": post(SITE, RECORD_VISIT, at_visit),
    "casebook:visit_close": post(SITE, RECORD_VISIT, at_visit),
    "casebook:visit_reopen": post(SITE, RECORD_VISIT, at_visit),
}
