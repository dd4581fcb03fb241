"""Deviations: proposed by the system, reported by people, judged, described, closed; each step with its event."""

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Entry, ledger
from apps.capture.locks import join_writers
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.review.models import Deviation
from apps.review.permissions import JUDGE_DEVIATION, REPORT_DEVIATION
from apps.studies.access import require
from apps.studies.holding import refusal
from apps.studies.models import Hold, Site
from apps.studies.protocol import site_today
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit

State, Severity = Deviation.State, Deviation.Severity
DESCRIBED = ("severity", "cause", "corrective_action", "preventive_action", "ethics_reported_on")
TEXT_MAX = 4000


def report_deviation(
    actor: Actor,
    site: Site,
    *,
    kind: str,
    text: str,
    severity: str = Severity.MINOR,
    happened_on: dt.date | None = None,
    subject: Subject | None = None,
    visit: SubjectVisit | None = None,
) -> Deviation:
    """A person says what happened, at a site, mostly to a subject. A dose is for the unblinded only."""
    require(actor, REPORT_DEVIATION, study_id=site.study_id, site_id=site.pk)
    words = _words(text)
    if kind not in Deviation.Kind.values or severity not in Severity.values:
        raise DomainError(_("Choose a kind and a severity."), code="unknown_kind", item="kind")
    if subject is not None and subject.site_id != site.pk:
        raise DomainError(_("The subject is at another site."), code="other_site", item="subject")
    if happened_on and happened_on > site_today(site):
        raise DomainError(_("It cannot have happened in the future."), code="future", item="happened_on")
    with ledger(actor, site.study_id) as entry:
        _join(site, subject)
        deviation = Deviation(
            study_id=site.study_id,
            site=site,
            subject=subject,
            visit=visit,
            kind=kind,
            severity=severity,
            state=State.OPEN,
            text={"en": words},
            happened_on=happened_on,
            audience=_audience(kind, visit),
        )
        return _begin(actor, entry, deviation, "reported")


def propose_deviation(
    actor: Actor,
    subject: Subject,
    *,
    kind: str,
    occasion: str,
    text: dict[str, str],
    happened_on: dt.date | None = None,
    visit: SubjectVisit | None = None,
    audience: str = "",
) -> Deviation | None:
    """The system saw it in the data. Once for an occasion: what a person has judged stays judged. None: nothing new."""
    require(actor, JUDGE_DEVIATION, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        known = (
            Deviation.objects.select_for_update(of=("self",)).filter(study_id=subject.study_id, occasion=occasion).first()
        )
        if known is None:
            deviation = Deviation(
                study_id=subject.study_id,
                site_id=subject.site_id,
                subject=subject,
                visit=visit,
                kind=kind,
                state=State.PROPOSED,
                occasion=occasion,
                text=text,
                happened_on=happened_on,
                audience=audience or _audience(kind, visit),
            )
            return _begin(actor, entry, deviation, "proposed")
        if known.state == State.WITHDRAWN or (known.state == State.PROPOSED and known.text != text):
            return _change(entry, known, "proposed", {"state": State.PROPOSED, "text": text, "happened_on": happened_on})
    return None


def withdraw_proposal(actor: Actor, subject: Subject, occasion: str) -> Deviation | None:
    """The fact was corrected before anybody judged it. None: there is no such proposal."""
    require(actor, JUDGE_DEVIATION, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        waiting = Deviation.objects.select_for_update(of=("self",)).filter(study_id=subject.study_id, occasion=occasion)
        known = waiting.filter(state=State.PROPOSED).first()
        return None if known is None else _change(entry, known, "withdrawn", {"state": State.WITHDRAWN})


def confirm_deviation(actor: Actor, deviation: Deviation, *, severity: str) -> Deviation:
    """A proposal is a deviation; how severe it is."""
    if severity not in Severity.values:
        raise DomainError(_("Choose a kind and a severity."), code="unknown_kind", item="severity")
    return _judge(actor, deviation, {State.PROPOSED}, "confirmed", {"state": State.OPEN, "severity": severity})


def dismiss_deviation(actor: Actor, deviation: Deviation, *, reason: str) -> Deviation:
    """It is none, and why."""
    words = need_reason(reason)
    return _judge(actor, deviation, {State.PROPOSED, State.OPEN}, "dismissed", {"state": State.DISMISSED}, reason=words)


def describe_deviation(actor: Actor, deviation: Deviation, values: dict[str, Any]) -> Deviation:
    """Severity, cause, corrective and preventive action, and when the ethics committee was told."""
    if values.get("severity", Severity.MINOR) not in Severity.values:
        raise DomainError(_("Choose a kind and a severity."), code="unknown_kind", item="severity")
    told = values.get("ethics_reported_on")
    if told and told > site_today(deviation.site):
        raise DomainError(_("It cannot have happened in the future."), code="future", item="ethics_reported_on")
    changed = {name: values[name] for name in DESCRIBED if name in values}
    for name in ("cause", "corrective_action", "preventive_action"):
        if len(changed.get(name, "")) > TEXT_MAX or "\0" in changed.get(name, ""):
            raise DomainError(_("At most %(limit)s characters fit here.") % {"limit": TEXT_MAX}, code="too_long", item=name)
    return _judge(actor, deviation, {State.OPEN}, "described", changed)


def close_deviation(actor: Actor, deviation: Deviation) -> Deviation:
    """Settled. Refused without a cause and a corrective action, and of a reportable one without its report's day."""
    missing = [name for name in ("cause", "corrective_action") if not getattr(deviation, name).strip()]
    if missing:
        raise DomainError(
            _("Say the cause and the corrective action before you close it."), code="incomplete", item=missing[0]
        )
    if deviation.severity == Severity.REPORTABLE and deviation.ethics_reported_on is None:
        raise DomainError(
            _("A reportable deviation is closed once the ethics committee was told: enter the day."),
            code="not_reported",
            item="ethics_reported_on",
        )
    return _judge(actor, deviation, {State.OPEN}, "closed", {"state": State.CLOSED})


def reopen_deviation(actor: Actor, deviation: Deviation, *, reason: str) -> Deviation:
    """It is not settled after all, or was dismissed wrongly."""
    words = need_reason(reason)
    return _judge(actor, deviation, {State.CLOSED, State.DISMISSED}, "reopened", {"state": State.OPEN}, reason=words)


def _judge(
    actor: Actor, deviation: Deviation, allowed: set[str], step: str, values: dict[str, Any], *, reason: str = ""
) -> Deviation:
    require(actor, JUDGE_DEVIATION, study_id=deviation.study_id, site_id=deviation.site_id)
    with ledger(actor, deviation.study_id) as entry:
        _join(deviation.site, deviation.subject)
        locked = Deviation.objects.select_for_update(of=("self",)).select_related("site", "subject").get(pk=deviation.pk)
        if locked.state not in allowed:
            raise DomainError(
                _("The deviation is “%(state)s” already.") % {"state": locked.get_state_display()}, code="deviation_state"
            )
        return _change(entry, locked, step, values, reason)


def _begin(actor: Actor, entry: Entry, deviation: Deviation, step: str) -> Deviation:
    deviation.found_at, deviation.found_by_id, deviation.found_by_name = timezone.now(), actor.user_id, actor.name
    deviation.save()
    _tell(entry, deviation, step, [("text", None, deviation.text["en"]), ("severity", None, deviation.severity)])
    return deviation


def _change(entry: Entry, deviation: Deviation, step: str, values: dict[str, Any], reason: str = "") -> Deviation:
    changes = [(name, getattr(deviation, name), new) for name, new in values.items() if getattr(deviation, name) != new]
    if changes:
        for name, _old, new in changes:
            setattr(deviation, name, new)
        deviation.save(update_fields=[name for name, _old, _new in changes])
        _tell(entry, deviation, step, changes, reason)
    return deviation


def _tell(entry: Entry, deviation: Deviation, step: str, changes: list[Any], reason: str = "") -> None:
    subject = deviation.subject
    entry(
        action=f"review.deviation.{step}",
        obj=deviation,
        label=f"{subject.number if subject else deviation.site.code}: {deviation.kind}",
        site_id=deviation.site_id,
        subject_id=deviation.subject_id,
        changes=changes,
        reason=reason,
        audience=deviation.audience,
    )


def _audience(kind: str, visit: SubjectVisit | None) -> str:
    return "unblinded" if kind == Deviation.Kind.DOSE or (visit is not None and visit.audience) else ""


def _join(site: Site, subject: Subject | None) -> None:
    """A freeze leaves deviations possible, a lock does not."""
    join_writers(site.study_id)
    fresh = Site.objects.select_related("study").get(pk=site.pk)
    now = Subject.objects.get(pk=subject.pk) if subject is not None else None
    for held in (fresh.study, fresh, now):
        if held is not None and held.hold == Hold.LOCKED:
            raise refusal(held)


def _words(text: str) -> str:
    words = text.strip()
    if not words or len(words) > TEXT_MAX or "\0" in words:
        raise DomainError(
            _("Say what happened, in at most %(limit)s characters.") % {"limit": TEXT_MAX}, code="text_required", item="text"
        )
    return words
