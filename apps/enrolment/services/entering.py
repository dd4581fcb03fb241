"""Into the trial: screening, confirmation of eligibility, enrolment, and what stands in the way."""

from collections.abc import Mapping
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.common.text import day_in_words
from apps.enrolment.assessing import Assessment, CriterionResult
from apps.enrolment.models import EligibilityAssessment, Verdict
from apps.enrolment.permissions import CONFIRM_ELIGIBILITY, ENROL_SUBJECT
from apps.enrolment.selectors import assess_now, confirmed_terms, room_for
from apps.review.models import Signature
from apps.review.selectors.signatures import meaning_of
from apps.review.services import sign
from apps.studies.access import require
from apps.studies.models import Site, Study
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.consent import Standing, consent_on, forms_of
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import (
    change_status,
    lock_subject,
    refuse_future,
    refuse_held,
    screen_subject,
    set_milestone,
)
from apps.visits.models import SubjectVisit
from apps.visits.services import open_branch, replan

Status = Subject.Status


def screen(actor: Actor, site: Site, screened_on: date, *, previous: Subject | None = None) -> Subject:
    """A new subject in screening with its visits, which have no dates before consent."""
    with ledger(actor, site.study_id):
        subject = screen_subject(actor, site, screened_on, previous=previous)
        replan(actor, subject)
    return subject


def confirm_eligibility(
    actor: Actor, subject: Subject, note: str = "", *, waived: Mapping[str, str] | None = None
) -> EligibilityAssessment:
    """An investigator stands for the assessment as it is now. Who signs is made sure of before (re-authentication).

    ``waived``: criterion → why it may pass, only where the protocol allows waivers, and never for a question that the
    sponsor has to answer. Refused: another criterion that is not met or cannot be assessed, no consent, a subject no
    longer before treatment.
    """
    require(actor, CONFIRM_ELIGIBILITY, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_status(subject, {Status.SCREENED, Status.ENROLLED}, _("Eligibility is confirmed before treatment."))
        refuse_without_consent(subject)
        protocol = protocol_for_site(subject.site)
        found = assess_now(subject, protocol)
        kept = _waivers(protocol, found, waived or {})
        _refuse_ineligible(found, kept)
        assessment = EligibilityAssessment.objects.create(
            study_id=subject.study_id,
            subject=subject,
            version_id=protocol.version_id,
            verdict=found.verdict,
            results=found.as_json(),
            confirmed=True,
            note=note.strip(),
            waived=kept,
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
            details={"version": protocol.version_id, "used": {r.code: r.used for r in found.results}}
            | ({"waived": kept} if kept else {}),
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
    """No step into the trial without a consent that was given by that day, and that still stands."""
    consent = milestones_of(subject).first("consent")
    if consent is None:
        raise DomainError(
            _("There is no dated informed consent of %(subject)s; record it first.") % {"subject": subject.number},
            code="no_consent",
        )
    _refuse_outdated(subject, on or today_at(subject.site))
    if on is not None and on < consent:
        raise DomainError(
            _("The consent is of %(consent)s, after %(on)s.") % {"consent": day_in_words(consent), "on": day_in_words(on)},
            code="before_consent",
        )


def _refuse_outdated(subject: Subject, on: date) -> None:
    """Whoever has to sign a new version of the consent form takes no step into the trial before."""
    found = consent_on(on, milestones_of(subject), forms_of(subject.site.consent_forms))
    if found.standing == Standing.OUTDATED and found.since is not None:
        raise DomainError(
            _("A new version of the consent form applies since %(since)s. Enter the re-consent of %(subject)s first.")
            % {"since": day_in_words(found.since), "subject": subject.number},
            code="consent_outdated",
        )


def refuse_unconfirmed(subject: Subject, scope: SubjectScope | None = None) -> Assessment:
    """An investigator confirmed eligibility by the version in force, and the data still say so; returns them."""
    protocol = protocol_for_site(subject.site)
    confirmed = confirmed_terms(subject)
    if confirmed is None:
        raise DomainError(_("An investigator has not confirmed eligibility yet."), code="not_confirmed")
    version_id, waived = confirmed
    if version_id != protocol.version_id:
        raise DomainError(
            _("Eligibility was confirmed by an earlier version of the protocol; confirm it again."),
            code="confirmed_by_other_version",
        )
    found = assess_now(subject, protocol, scope)
    if failing := _failing(found, waived):
        raise DomainError(
            _("Data changed after eligibility was confirmed: %(criteria)s.") % {"criteria": _listed(failing)},
            code="no_longer_eligible",
        )
    return found


def _waivers(protocol: Protocol, found: Assessment, waived: Mapping[str, str]) -> dict[str, str]:
    """Those with a reason; refused where the protocol allows none, or the sponsor has to decide."""
    kept = {code: reason for code, reason in waived.items() if reason.strip()}
    if kept and not protocol.definition.eligibility_waivers:
        raise DomainError(_("The protocol allows no criterion to be waived."), code="no_waivers")
    open_ones = {result.code for result in found.without(Verdict.MET) if result.question is None}
    if strange := sorted(set(kept) - open_ones):
        raise DomainError(
            _("%(codes)s cannot be waived: it is met, or the sponsor has to decide.") % {"codes": ", ".join(strange)},
            code="not_waivable",
        )
    return {code: need_reason(reason) for code, reason in kept.items()}


def _failing(found: Assessment, waived: Mapping[str, str]) -> list[CriterionResult]:
    return [result for result in found.without(Verdict.MET) if result.code not in waived]


def _refuse_ineligible(found: Assessment, waived: Mapping[str, str]) -> None:
    if failing := _failing(found, waived):
        raise DomainError(
            _("Eligibility cannot be confirmed: %(criteria)s.") % {"criteria": _listed(failing)}, code="not_eligible"
        )


def _listed(failing: list[CriterionResult]) -> str:
    """``I02 not met, E05 not assessable``."""
    return ", ".join(f"{result.code} {Verdict(result.verdict).label.lower()}" for result in failing)


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
