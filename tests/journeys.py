"""A subject of the small trial taken through the services, as far as a test needs."""

from datetime import date, timedelta

from apps.capture.places import RecordRef
from apps.capture.services import save_record
from apps.common.actors import SYSTEM
from apps.enrolment import services as enrolment
from apps.randomization import services as randomization
from apps.randomization.models import Scheme
from apps.review.selectors.closing import check_list, standing
from apps.review.services import lock, waive_line
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at


def enter(subject: Subject, form: str, visit: str | None = None, repeat: int = 1, *, actor=SYSTEM, complete=False, **values):
    """Save a form through the write path; the newest revision is what the save starts from."""
    place = subject.visits.get(code=visit) if visit else None
    ref = RecordRef(subject.pk, form, place.pk if place else None, repeat)
    record = subject.records.filter(form_oid=form, visit=place, repeat=repeat).first()
    revision = record.revision if record else 0
    reason = "Typing error" if record and record.status == "complete" else ""
    return save_record(actor, ref, values, revision, reason=reason, complete=complete)


def screened(site, *, days_ago: int = 40, **dx) -> Subject:
    """Consented, with all that its criteria read: eligible unless ``dx`` says otherwise."""
    day = today_at(site) - timedelta(days=days_ago)
    subject = enrolment.screen(SYSTEM, site, day)
    enter(subject, "IC", "SCR", RFICDAT=day.isoformat())
    enter(subject, "DM", "SCR", BRTHDAT=date(day.year - 3, 1, 15).isoformat(), SEX="F")
    enter(subject, "DX", "SCR", **({"KMP": "N", "SHRINK": "12.5"} | dx))
    enter(subject, "ELIG", "SCR", OTHBLOOD="N")
    return subject


def randomized(site, **dx) -> Subject:
    """Enrolled and randomized today; the study's list is made and live."""
    subject = screened(site, days_ago=0, **dx)
    if not Scheme.objects.filter(study=site.study, live_at__isnull=False).exists():
        randomization.go_live(SYSTEM, randomization.create_scheme(SYSTEM, site.study))
    enrolment.confirm_eligibility(SYSTEM, subject)
    enrolment.enrol_subject(SYSTEM, subject)
    randomization.randomize_subject(SYSTEM, subject)
    subject.refresh_from_db()
    return subject


def waived(scope) -> None:
    """Everything that stands in the close-out check list of the subject or study may stand."""
    for line in standing(check_list(scope)):
        waive_line(SYSTEM, scope, line.code, reason="for the test")


def locked(scope, actor=SYSTEM):
    """The subject or study, locked with all that stands in its check list waived."""
    waived(scope)
    return lock(actor, scope, reason="Database lock")
