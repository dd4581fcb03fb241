"""Into the trial and out of it: screening, confirmation of eligibility, enrolment, departure."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.ledger import Entry, ledger
from apps.capture.models import FormRecord
from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.common.text import day_in_words
from apps.enrolment.assessing import Assessment
from apps.enrolment.models import Departure, EligibilityAssessment, Verdict
from apps.enrolment.permissions import CONFIRM_ELIGIBILITY, DEPART_SUBJECT, ENROL_SUBJECT
from apps.enrolment.selectors import assess_now, confirmed_version, departures_in_force, room_for
from apps.review.models import Signature
from apps.review.selectors.signatures import meaning_of
from apps.review.services import sign
from apps.studies.access import require
from apps.studies.models import Site, Study
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import (
    change_status,
    lock_subject,
    refuse_future,
    refuse_held,
    restore_status,
    screen_subject,
    set_milestone,
)
from apps.visits.models import SubjectVisit
from apps.visits.services import open_branch, replan

Kind = Departure.Kind
Status = Subject.Status
DEPARTURES = {
    Kind.SCREEN_FAILURE: Status.SCREEN_FAILED,
    Kind.WITHDRAWAL: Status.WITHDRAWN,
    Kind.LOST: Status.LOST,
    Kind.DEATH: Status.DIED,
    Kind.COMPLETION: Status.COMPLETED,
    Kind.OFF_TREATMENT: Status.OFF_TREATMENT,
}
SCOPES = {
    "treatment": gettext_lazy("Treatment only; follow-up goes on"),
    "follow_up": gettext_lazy("Treatment and follow-up; data so far may be used"),
    "data_use": gettext_lazy("Treatment, follow-up and further use of data"),
}


def screen(actor: Actor, site: Site, screened_on: date, *, previous: Subject | None = None) -> Subject:
    """A new subject in screening with its visits, which have no dates before consent."""
    with ledger(actor, site.study_id):
        subject = screen_subject(actor, site, screened_on, previous=previous)
        replan(actor, subject)
    return subject


def confirm_eligibility(actor: Actor, subject: Subject, note: str = "") -> EligibilityAssessment:
    """An investigator stands for the assessment as it is now. Who signs is made sure of before (re-authentication).

    Refused: a criterion that is not met or cannot be assessed, no consent, a subject no longer before treatment.
    """
    require(actor, CONFIRM_ELIGIBILITY, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_status(subject, {Status.SCREENED, Status.ENROLLED}, _("Eligibility is confirmed before treatment."))
        refuse_without_consent(subject)
        protocol = protocol_for_site(subject.site)
        found = assess_now(subject, protocol)
        _refuse_ineligible(found)
        assessment = EligibilityAssessment.objects.create(
            study_id=subject.study_id,
            subject=subject,
            version_id=protocol.version_id,
            verdict=found.verdict,
            results=found.as_json(),
            confirmed=True,
            note=note.strip(),
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        entry(
            action="enrolment.eligibility.confirmed",
            obj=assessment,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[(result.code, None, result.verdict) for result in found.results],
            reason=note.strip(),
            details={"version": protocol.version_id, "used": {r.code: r.used for r in found.results}},
            outbox=True,
        )
        if not actor.is_system:  # the system signs nothing
            sign(
                actor,
                subject,
                level=Signature.Level.ELIGIBILITY,
                object_id=assessment.pk,
                meaning=meaning_of(Signature.Level.ELIGIBILITY),
                records=_records_read(subject, protocol),
            )
    return assessment


def _records_read(subject: Subject, protocol: Protocol) -> list[FormRecord]:
    """The records of every form that a criterion reads."""
    forms = {protocol.items[oid].form_oid for criterion in protocol.criteria for oid in criterion.rule.items}
    return list(FormRecord.objects.filter(subject=subject, form_oid__in=forms, inactive=False).order_by("pk"))


def enrol_subject(actor: Actor, subject: Subject, on: date | None = None) -> Subject:
    """Enrol on a day (today at the site). Visits anchored on enrolment get their dates.

    Refused: no consent in force, eligibility not confirmed or no longer true, a held subject, site or study, a reached
    target or cap.
    """
    require(actor, ENROL_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        on = on or today_at(subject.site)
        refuse_future(subject.site, on)
        refuse_held(subject.study, subject.site, subject)
        refuse_status(subject, {Status.SCREENED}, _("Only a subject in screening is enrolled."))
        refuse_without_consent(subject, on)
        refuse_unconfirmed(subject)
        _refuse_full(subject)
        entry(
            action="enrolment.subject.enrolled",
            obj=subject,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("enrolled_on", None, on)],
            outbox=True,
        )
        set_milestone(actor, subject, "enrolment", on)
        subject = change_status(actor, subject, Status.ENROLLED)
        replan(actor, subject)
    return subject


def depart(
    actor: Actor, subject: Subject, kind: str, on: date, *, reason: str, scope: str = "", note: str = ""
) -> Departure:
    """Say that and why a subject left (screening, treatment or the trial) on a day; what was collected stays.

    Refused: no reason, a future day, a withdrawal without its scope, a step that the status does not allow.
    """
    require(actor, DEPART_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    _refuse_incomplete(kind, reason, scope)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_future(subject.site, on)
        scope = scope if kind == Kind.WITHDRAWAL else ""
        departure = _departure_row(actor, subject, kind, on, reason.strip(), scope)
        entry(
            action=f"enrolment.{kind}.recorded",
            obj=departure,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("on", None, on)] + ([("scope", None, scope)] if scope else []),
            reason=reason.strip(),
            details={"note": note.strip()} if note.strip() else {},
            audience="unblinded" if what_it_means(kind, scope) == Kind.OFF_TREATMENT else "",
            outbox=True,
        )
        means = what_it_means(kind, scope)
        set_milestone(actor, subject, means, on)
        subject = change_status(actor, subject, DEPARTURES[means], reason=reason.strip())
        replan(actor, subject)
    return departure


def correct_departure(actor: Actor, subject: Subject, on: date, *, reason: str) -> Departure:
    """The subject left on another day than was recorded. Refused: nobody left, a future day, no reason, a hold."""
    require(actor, DEPART_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject, steps = _departed(subject)
        refuse_future(subject.site, on)
        last = steps[-1]
        departure = _departure_row(actor, subject, last.kind, on, last.reason, last.scope)
        _tell_correction(entry, subject, departure, [("on", last.on, on)], reason)
        set_milestone(actor, subject, what_it_means(last.kind, last.scope), on, reason=reason)
        replan(actor, subject)
    return departure


def take_back_departure(actor: Actor, subject: Subject, *, reason: str) -> Departure:
    """The subject did not leave: the status is again what it was. Refused: nobody left, no reason, a hold."""
    require(actor, DEPART_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject, steps = _departed(subject)
        last = steps[-1]
        departure = _departure_row(actor, subject, Kind.TAKEN_BACK, last.on, reason, "")
        _tell_correction(entry, subject, departure, [("on", last.on, None)], reason)
        set_milestone(actor, subject, what_it_means(last.kind, last.scope), None, reason=reason)
        subject = restore_status(actor, subject, _status_by(subject, steps[:-1]), reason=reason)
        replan(actor, subject)
    return departure


def correct_enrolment(actor: Actor, subject: Subject, on: date, *, reason: str) -> Subject:
    """The subject was enrolled on another day. Refused: nobody was, a day in the future or before consent, a hold."""
    require(actor, ENROL_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        before = milestones_of(subject).first("enrolment")
        if before is None:
            raise DomainError(
                _("%(subject)s has not been enrolled.") % {"subject": subject.number}, code="not_enrolled", item="what"
            )
        refuse_held(subject.study, subject.site, subject)
        refuse_future(subject.site, on)
        refuse_without_consent(subject, on)
        entry(
            action="enrolment.enrolment.corrected",
            obj=subject,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("enrolled_on", before, on)],
            reason=reason,
        )
        set_milestone(actor, subject, "enrolment", on, reason=reason)
        replan(actor, subject)
    return subject


def _departed(subject: Subject) -> tuple[Subject, list[Departure]]:
    subject = lock_subject(subject)
    refuse_held(subject.study, subject.site, subject)
    steps = departures_in_force(subject)
    if not steps:
        raise DomainError(_("%(subject)s has not left.") % {"subject": subject.number}, code="not_departed", item="what")
    return subject, steps


def _status_by(subject: Subject, steps: list[Departure]) -> str:
    """What the steps that still count make of the subject."""
    if steps:
        return DEPARTURES[what_it_means(steps[-1].kind, steps[-1].scope)]
    facts = milestones_of(subject)
    if facts.first("enrolment") is None:
        return Status.SCREENED
    if facts.first("first_dose") is not None:
        return Status.ON_TREATMENT
    return Status.RANDOMIZED if facts.first("randomization") is not None else Status.ENROLLED


def _departure_row(actor: Actor, subject: Subject, kind: str, on: date, reason: str, scope: str) -> Departure:
    return Departure.objects.create(
        study_id=subject.study_id,
        subject=subject,
        kind=kind,
        on=on,
        reason=reason,
        scope=scope,
        at=timezone.now(),
        actor_id=actor.user_id,
    )


def _tell_correction(entry: Entry, subject: Subject, departure: Departure, changes: list[Any], reason: str) -> None:
    """Whether and when treatment ended may tell the arm."""
    is_treatment = subject.status == Status.OFF_TREATMENT
    entry(
        action="enrolment.departure.corrected",
        obj=departure,
        label=subject.number,
        site_id=subject.site_id,
        subject_id=subject.pk,
        changes=changes,
        reason=reason,
        audience="unblinded" if is_treatment else "",
        outbox=True,
    )


def what_it_means(kind: str, scope: str) -> Kind:
    """A withdrawal from treatment alone ends the treatment; the subject stays in the trial and is followed."""
    return Kind.OFF_TREATMENT if kind == Kind.WITHDRAWAL and scope == "treatment" else Kind(kind)


def open_due_branches(actor: Actor, subject: Subject) -> int:
    """Open the conditional visits whose condition the subject's data now meets. What is open stays open.

    Handlers call it after a save; visits of one arm are opened by the allocation.
    """
    protocol = protocol_for_site(subject.site)
    conditional = {code: rule for code, rule in protocol.conditions.items() if protocol.visits[code].arm is None}
    opened = set(SubjectVisit.objects.filter(subject=subject, code__in=conditional).values_list("code", flat=True))
    conditional = {code: rule for code, rule in conditional.items() if code not in opened}
    if not conditional:
        return 0
    scope = SubjectScope(subject, protocol)
    due = [code for code, rule in conditional.items() if rule.evaluate(scope) is True]
    return open_branch(actor, subject, due) if due else 0


def refuse_status(subject: Subject, allowed: set[str], sentence: str) -> None:
    if subject.status not in allowed:
        state = _("%(subject)s is “%(status)s”.") % {
            "subject": subject.number,
            "status": subject.get_status_display(),
        }
        raise DomainError(f"{state} {sentence}", code="status")


def refuse_without_consent(subject: Subject, on: date | None = None) -> None:
    """No step into the trial without a consent that was given by that day."""
    consent = milestones_of(subject).first("consent")
    if consent is None:
        raise DomainError(
            _("There is no dated informed consent of %(subject)s; record it first.") % {"subject": subject.number},
            code="no_consent",
        )
    if on is not None and on < consent:
        raise DomainError(
            _("The consent is of %(consent)s, after %(on)s.") % {"consent": day_in_words(consent), "on": day_in_words(on)},
            code="before_consent",
        )


def refuse_unconfirmed(subject: Subject) -> Assessment:
    """An investigator confirmed eligibility by the version in force, and the data still say so; returns them."""
    protocol = protocol_for_site(subject.site)
    confirmed = confirmed_version(subject)
    if confirmed is None:
        raise DomainError(_("An investigator has not confirmed eligibility yet."), code="not_confirmed")
    if confirmed != protocol.version_id:
        raise DomainError(
            _("Eligibility was confirmed by an earlier version of the protocol; confirm it again."),
            code="confirmed_by_other_version",
        )
    found = assess_now(subject, protocol)
    if not found.is_eligible:
        raise DomainError(
            _("Data changed after eligibility was confirmed: %(criteria)s.") % {"criteria": _listed(found)},
            code="no_longer_eligible",
        )
    return found


def _refuse_ineligible(found: Assessment) -> None:
    if not found.is_eligible:
        raise DomainError(
            _("Eligibility cannot be confirmed: %(criteria)s.") % {"criteria": _listed(found)}, code="not_eligible"
        )


def _listed(found: Assessment) -> str:
    """``I02 not met, E05 not assessable``."""
    return ", ".join(f"{result.code} {Verdict(result.verdict).label.lower()}" for result in found.without(Verdict.MET))


def _refuse_full(subject: Subject) -> None:
    """The study's row is locked, so that two last places are not one."""
    locked: QuerySet[Study] = Study.objects.select_for_update(no_key=True)
    locked.get(pk=subject.study_id)
    room = room_for(subject.study, subject.site)
    if room.is_study_full:
        raise DomainError(
            _("The study has its %(target)s subjects; nobody more is enrolled.") % {"target": room.target},
            code="target_reached",
        )
    if room.is_site_full:
        raise DomainError(
            _("The site has its %(cap)s subjects; nobody more is enrolled here.") % {"cap": room.site_cap},
            code="cap_reached",
        )


def _refuse_incomplete(kind: str, reason: str, scope: str) -> None:
    if kind not in DEPARTURES:
        raise DomainError(_("This is no way to leave a study."), code="kind", item="kind")
    if not reason.strip():
        raise DomainError(_("Say why."), code="reason_required", item="reason")
    if kind == Kind.WITHDRAWAL and scope not in SCOPES:
        raise DomainError(_("Say what the withdrawal covers."), code="scope_required", item="scope")
