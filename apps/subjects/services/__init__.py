"""A subject's number, dated facts and status: each change one service, one event."""

import re
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Entry, block_memory, ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.numbering import number_of
from apps.common.reasons import need_reason
from apps.common.text import day_in_words
from apps.studies.access import require, require_everywhere
from apps.studies.holding import refusal
from apps.studies.models import Hold, Site
from apps.studies.protocol import version_for_site
from apps.subjects.milestones import TREATMENT
from apps.subjects.models import Milestone, Subject, SubjectTransfer
from apps.subjects.permissions import RECORD_MILESTONE, SCREEN_SUBJECT, TRANSFER_SUBJECT
from apps.subjects.selectors import milestones_of, remember_milestone, today_at
from apps.subjects.status import TREATED, may_become

KIND = re.compile(r"^[a-z][a-z0-9_]{0,39}$")


def screen_subject(actor: Actor, site: Site, screened_on: date, *, previous: Subject | None = None) -> Subject:
    """A new subject in screening, numbered by the site's pattern; a number is never given twice.

    Refused: a day in the future, a held study or site, a re-screening of somebody who is not a screen failure here.
    """
    require(actor, SCREEN_SUBJECT, study_id=site.study_id, site_id=site.pk)
    with ledger(actor, site.study_id) as entry:
        # the lock on the site gives two screenings at once two numbers
        site = Site.objects.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=site.pk)
        refuse_held(site.study, site)
        refuse_future(site, screened_on)
        if version_for_site(site) is None:
            raise DomainError(_("%(site)s has no version of the protocol in force yet.") % {"site": site}, code="no_version")
        if previous is not None:
            _refuse_rescreening(site, previous)
        subject = Subject.objects.create(
            study=site.study, site=site, number=_next_number(site), screened_on=screened_on, previous=previous
        )
        entry(
            action="subjects.subject.screened",
            obj=subject,
            site_id=site.pk,
            subject_id=subject.pk,
            changes=[("number", None, subject.number), ("screened_on", None, screened_on)]
            + ([("previous", None, previous.number)] if previous else []),
            outbox=True,
        )
    return subject


def set_milestone(
    actor: Actor, subject: Subject, kind: str, on: date | None, *, occurrence: int = 1, reason: str = ""
) -> Milestone | None:
    """Say when a fact happened (``None``: that it did not). The newest row is in force; nothing is overwritten.

    Saying again what is in force changes nothing and returns None. The first dose puts a subject on treatment, its
    withdrawal takes it back.
    """
    require(actor, RECORD_MILESTONE, study_id=subject.study_id, site_id=subject.site_id)
    if not KIND.match(kind) or occurrence < 1:
        raise DomainError(_("“%(kind)s” is no name of a dated fact.") % {"kind": kind}, code="milestone_kind")
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        before = milestones_of(subject).get(kind, occurrence)
        if before == on:
            return None
        event_id = entry(
            action="subjects.milestone.set",
            obj=subject,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[(kind if occurrence == 1 else f"{kind}:{occurrence}", before, on)],
            reason=reason,
            audience="unblinded" if kind in TREATMENT else "",
            outbox=True,
        )
        milestone = Milestone.objects.create(
            study_id=subject.study_id, subject=subject, kind=kind, occurrence=occurrence, on=on, event_id=event_id
        )
        remember_milestone(subject, kind, occurrence, on)
        if kind == "first_dose":
            _follow_first_dose(actor, subject)
    return milestone


def transfer_subject(actor: Actor, subject: Subject, to_site: Site, on: date, *, reason: str) -> SubjectTransfer:
    """The subject goes on at another site of the study, with its number and its whole casebook.

    From now on the new site's people see and enter all of it; the former site keeps its part, as it stood at this moment.
    Refused: a hold on the subject or either site, the same site, another study, a day before screening or in the future,
    a site without a version of the protocol, no reason. For who has the right at all sites.
    """
    require_everywhere(actor, TRANSFER_SUBJECT, study_id=subject.study_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        former = subject.site
        _refuse_transfer(subject, to_site, on)
        transfer = SubjectTransfer.objects.create(
            study_id=subject.study_id,
            subject=subject,
            from_site=former,
            to_site=to_site,
            on=on,
            reason=reason,
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        subject.site = to_site
        subject.save(update_fields=["site"])
        for site in (former, to_site):  # each site's people read it in their own trail
            entry(
                action="subjects.subject.transferred",
                obj=subject,
                site_id=site.pk,
                subject_id=subject.pk,
                changes=[("site", former.code, to_site.code), ("on", None, on)],
                reason=reason,
            )
    return transfer


def _refuse_transfer(subject: Subject, to_site: Site, on: date) -> None:
    refuse_held(subject.study, subject.site, subject, to_site)
    if to_site.study_id != subject.study_id or to_site.pk == subject.site_id:
        raise DomainError(_("Choose another site of the study."), code="site", item="site")
    if version_for_site(to_site) is None:
        raise DomainError(_("%(site)s has no version of the protocol in force yet.") % {"site": to_site}, code="no_version")
    refuse_future(to_site, on)
    if on < subject.screened_on:
        raise DomainError(_("The day lies before the screening."), code="before_screening", item="on")


def change_status(actor: Actor, subject: Subject, status: str, *, reason: str = "") -> Subject:
    """Move the subject along the status machine; refused where the machine has no such step.

    Callers are services that hold a right of their own, so this asks for none.
    """
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        old = subject.status
        if old == status:
            return subject
        if not may_become(old, status):
            raise DomainError(
                _("%(subject)s is “%(old)s” and cannot become “%(new)s”.")
                % {
                    "subject": subject.number,
                    "old": subject.get_status_display(),
                    "new": Subject.Status(status).label,
                },
                code="status",
            )
        _put_status(entry, subject, status, "changed", reason)
    return subject


def restore_status(actor: Actor, subject: Subject, status: str, *, reason: str) -> Subject:
    """A step was taken by mistake: the subject is again what it was, against the direction of the machine.

    Callers are services that hold a right of their own and know which status it was.
    """
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        if subject.status != status:
            _put_status(entry, subject, status, "corrected", reason)
    return subject


def _put_status(entry: Entry, subject: Subject, status: str, verb: str, reason: str) -> None:
    """Steps between statuses of treatment may tell the arm."""
    old, subject.status = subject.status, status
    subject.save(update_fields=["status"])
    entry(
        action=f"subjects.status.{verb}",
        obj=subject,
        site_id=subject.site_id,
        subject_id=subject.pk,
        changes=[("status", old, status)],
        reason=reason,
        audience="unblinded" if status in TREATED and old in TREATED else "",
        outbox=True,
    )


def correct_screening(actor: Actor, subject: Subject, on: date, *, reason: str) -> Subject:
    """The subject was screened on another day. Refused: a future day, no reason, a hold."""
    require(actor, SCREEN_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_future(subject.site, on)
        if subject.screened_on != on:
            before, subject.screened_on = subject.screened_on, on
            subject.save(update_fields=["screened_on"])
            entry(
                action="subjects.screening.corrected",
                obj=subject,
                site_id=subject.site_id,
                subject_id=subject.pk,
                changes=[("screened_on", before, on)],
                reason=reason,
            )
    return subject


def lock_subject(subject: Subject) -> Subject:
    """The subject as it is now, locked until the transaction ends; what depends on its state is decided after this.

    Given what it gave before in this block of the ledger, it gives it back: nobody else can have changed it since.
    """
    memory = block_memory()
    if memory is not None and memory.get(("subject", subject.pk)) is subject:
        return subject
    rows = Subject.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("site", "study").defer("study__item_types", "study__title").get(pk=subject.pk)
    if memory is not None:
        memory[("subject", locked.pk)] = locked
    return locked


def refuse_held(*places: Any) -> None:
    """Frozen or locked: nothing below changes."""
    for place in places:
        if place.hold != Hold.NONE:
            raise refusal(place)


def refuse_future(site: Site, on: date) -> None:
    today = today_at(site)
    if on > today:
        raise DomainError(
            _("%(on)s lies in the future; at the site it is %(today)s.")
            % {"on": day_in_words(on), "today": day_in_words(today)},
            code="future",
        )


def _next_number(site: Site) -> str:
    """The next number of the site's sequence, which only ever grows."""
    sequence = site.next_sequence
    site.next_sequence = sequence + 1
    site.save(update_fields=["next_sequence"])
    number = number_of(site.subject_pattern, site.code, sequence)
    if Subject.objects.filter(study_id=site.study_id, number=number).exists():
        raise DomainError(
            _("The number %(number)s exists already; the subject pattern of site %(site)s must name the site.")
            % {"number": number, "site": site.code},
            code="number_taken",
        )
    return number


def _refuse_rescreening(site: Site, previous: Subject) -> None:
    if previous.study_id != site.study_id or previous.site_id != site.pk:
        raise DomainError(_("%(number)s was not screened at this site.") % {"number": previous.number}, code="rescreen_site")
    if previous.status != Subject.Status.SCREEN_FAILED:
        raise DomainError(
            _("%(number)s is not a screen failure, so there is nothing to screen again.") % {"number": previous.number},
            code="rescreen_status",
        )
    if previous.rescreenings.exists():
        raise DomainError(_("%(number)s was screened again already.") % {"number": previous.number}, code="rescreen_twice")


def _follow_first_dose(actor: Actor, subject: Subject) -> None:
    """On treatment from the first dose; back when it turns out that none was given."""
    milestones = milestones_of(subject)
    treated = milestones.first("first_dose") is not None
    status = Subject.Status
    if treated and subject.status in (status.ENROLLED, status.RANDOMIZED):
        change_status(actor, subject, status.ON_TREATMENT)
    elif not treated and subject.status == status.ON_TREATMENT:
        randomized = milestones.first("randomization") is not None
        change_status(actor, subject, status.RANDOMIZED if randomized else status.ENROLLED)
