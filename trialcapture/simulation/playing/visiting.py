"""The visits one after the other: on the day, beside it, missed; the forms of each, and what follows from them."""

import datetime as dt

from apps.visits.models import SubjectVisit
from apps.visits.services import add_unscheduled, book_visit, mark_missed, record_visit_date
from trialcapture.simulation.chart import Spot
from trialcapture.simulation.phrases import MISSED, said
from trialcapture.simulation.playing import events, treatment
from trialcapture.simulation.playing.stage import CORRECTED_PART, NOT_DONE_PART, Stage

MISSED_PART, OFF_WINDOW_PART, UNSCHEDULED_PART = 0.035, 0.07, 0.03
BOOKED_AHEAD = 21  # days
Status = SubjectVisit.Status
UNWELL = ("The child was unwell", "患儿身体不适")


def next_visit(stage: Stage) -> SubjectVisit | None:
    """The planned visit whose day comes first."""
    waiting = SubjectVisit.objects.filter(subject=stage.subject, status=Status.PLANNED, actual=None)
    return waiting.exclude(target=None).order_by("target", "position", "id").first()


def day_of(stage: Stage, visit: SubjectVisit, before: dt.date) -> dt.date:
    """Mostly within the window and near the target, sometimes late, never before the visit before."""
    earliest, target, latest = visit.earliest, visit.target, visit.latest
    assert earliest and target and latest, "only visits with a date are waited for"
    if stage.chance(OFF_WINDOW_PART) and target != stage.facts.get("day_zero"):
        on = latest + dt.timedelta(days=stage.rng.randint(1, 9))
    else:
        spread = min((latest - target).days, (target - earliest).days)
        on = target + dt.timedelta(days=round(stage.rng.triangular(-spread, spread, 0)))
    return max(on, before)


def attend(stage: Stage, visit: SubjectVisit, on: dt.date) -> None:
    """The visit took place that day: its forms, then dose, events and medicines. One transaction, as for a batch."""
    with stage.together():
        visit = record_visit_date(stage.who_enters(), visit, on)
        level = None
        for form_oid in stage.protocol.forms_at(visit.code):
            level = _form(stage, stage.visit_spot(visit, form_oid, on), on) or level
        treatment.decide(stage, on, level)
        events.report(stage, on)
        events.medicate(stage, on)


def _form(stage: Stage, spot: Spot, on: dt.date) -> float | None:
    """Fill it, or not; the level where it is the form of the level."""
    if stage.chance(NOT_DONE_PART):
        stage.leave_out(spot)
        return None
    record = stage.enter(spot, on, _given(stage, spot.form_oid))
    if stage.chance(CORRECTED_PART):
        stage.correct(record, spot)
    return _level(record)


def _given(stage: Stage, form_oid: str) -> dict:
    """What the end of treatment says, where this is its visit."""
    return dict(stage.facts.get("ending", {})) if form_oid == "EOT" else {}


def _level(record) -> float | None:
    """A trough that was really one; anything else changes no dose."""
    value, hours = record.data.get("SIROTR"), record.data.get("PCHRS")
    if not isinstance(value, str) or not isinstance(hours, str):
        return None
    return float(value) if min(abs(float(hours) - due) for due in (12, 24)) <= treatment.NEAR_TROUGH else None


def miss(stage: Stage, visit: SubjectVisit) -> None:
    mark_missed(stage.who_enters(), visit, reason=stage.say(MISSED))


def may_be_missed(stage: Stage, visit: SubjectVisit) -> bool:
    return visit.target != stage.facts.get("day_zero") and "EOT" not in stage.protocol.forms_at(visit.code)


def come_unscheduled(stage: Stage, on: dt.date) -> None:
    """Now and then a family comes because of something else."""
    codes = [code for code, visit in stage.protocol.visits.items() if visit.kind == "unscheduled"]
    wanted = [code for code in codes if code == "UNS"] or codes
    if wanted and stage.chance(UNSCHEDULED_PART):
        visit = add_unscheduled(stage.who_enters(), stage.subject, wanted[0], on, reason=said(UNWELL, stage.language))
        for form_oid in stage.protocol.forms_at(visit.code)[:4]:
            stage.enter(stage.visit_spot(visit, form_oid, on), on)


def book(stage: Stage, visit: SubjectVisit) -> None:
    """The next visit that is still to come is agreed with the family."""
    if visit.target and 0 < (visit.target - stage.until).days <= BOOKED_AHEAD:
        book_visit(stage.who_enters(), visit, visit.target)
