"""The dose log: the first dose, adjustments to the level, guided reduction, courses, the end."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

from apps.common.permissions import Role
from apps.dosing.services import target_in_force
from apps.enrolment.services import open_due_branches
from trialcapture.simulation.patient import Dose
from trialcapture.simulation.playing.stage import Stage
from trialcapture.simulation.story import troubles

ADULT, TABLETS_FROM = 18, 10  # years
SYRINGE, TABLET = 0.01, 0.5  # mg
MOST_CHANGES, FOLLOWED = 5, 0.8
LEAST, MOST = 0.6, 1.5  # an adjustment stays within these times the dose
NEAR_TROUGH = 2.0  # hours
STOP_PART, UP_PART = 0.3, 0.2


def start(stage: Stage, on: dt.date) -> None:
    """The first dose, and whatever else the schedule counts from on that day."""
    stage.patient.treated_from = on
    stage.patient.episodes = troubles(stage.story, stage.rng, on)
    stage.facts.update(day_zero=on, changes=0, cuts=[], reported={}, courses=0)
    begin_course(stage, on)
    form = stage.form_that_sets("first_dose")
    if form is None:
        return
    plan = _starting_dose(stage, on)
    _open_period(stage, on, plan, "START")
    # visits whose condition reads the dose log (an early trough of infants)
    open_due_branches(stage.actor(Role.INVESTIGATOR), stage.subject)
    for extra in _other_logs(stage):
        stage.enter(stage.log_spot(extra), on)


def _other_logs(stage: Stage) -> list[str]:
    """Log forms that no part of the course knows get one record at the start (T3's propranolol)."""
    known = {"AE", "CM", "EC", "RIC", "DS", "TGT"}
    forms = [stage.protocol.forms[oid] for oid in stage.protocol.log_forms if oid not in known]
    return [
        form.oid
        for form in forms
        if not any(item.definition.milestone for item in form.items.values()) and stage.chart.repeats(form.oid) == 0
    ]


def begin_course(stage: Stage, on: dt.date) -> None:
    """One more course, where the protocol has courses and the last is not reached."""
    form = stage.form_that_sets("course_start")
    cycle = next((one for one in stage.protocol.cycles.values() if one.anchor == "course_start"), None)
    if form is None or (cycle is not None and stage.facts["courses"] >= cycle.max):
        return
    stage.facts["courses"] += 1
    stage.enter(stage.log_spot(form.oid), on, {stage.item_that_sets("course_start"): on.isoformat()})


# -- periods of one dose


def _open_period(stage: Stage, on: dt.date, dose: Dose, reason: str) -> None:
    """Not complete before it ends: a site completes the line when it knows its last day."""
    form = stage.form_that_sets("first_dose")
    assert form is not None, "without a dose log nothing starts"
    spot = stage.log_spot(form.oid)
    given = {
        stage.item_that_sets("last_dose"): None,
        stage.item_that_sets("first_dose"): on.isoformat(),
        "ECSTDAT": on.isoformat(),
        "ECDOSE": f"{dose.each:.2f}",
        "ECFREQ": dose.frequency,
        "ECFORM": dose.formulation,
        "ECREASON": reason,
        "ECENDAT": None,
        "ECLAST": None,
        "ECMISS": None,
    }
    stage.begin(spot, on, given)
    stage.patient.dose, stage.facts["period"] = dose, spot


def _close_period(stage: Stage, last: dt.date, *, is_end: bool = False) -> None:
    """Where the log cannot tell the last period from the others, only the last one gets its end."""
    ends = max(last, stage.patient.taking.since).isoformat()
    values = {"ECENDAT": ends, "ECLAST": "Y" if is_end else "N", "ECMISS": str(stage.rng.choice((0, 0, 0, 0, 1, 1, 2, 4)))}
    if "ECLAST" not in stage.protocol.items:
        values = {(stage.item_that_sets("last_dose") or "ECENDAT"): ends} if is_end else {}
    stage.change(stage.facts["period"], values, "", complete=True)


def change_dose(stage: Stage, on: dt.date, each: float, reason: str) -> None:
    old = stage.patient.taking
    _close_period(stage, on - dt.timedelta(days=1))
    _open_period(stage, on, Dose(each, old.frequency, on, old.formulation, old.daily), reason)
    stage.facts["changes"] += 1


def end(stage: Stage, last: dt.date) -> None:
    """The last dose of study treatment."""
    if stage.patient.dose is not None and "period" in stage.facts:
        _close_period(stage, last, is_end=True)
    stage.patient.dose = None


# -- which dose


def _starting_dose(stage: Stage, on: dt.date) -> Dose:
    """The first starting dose that fits arm and data; where the protocol has none, what the child has been taking."""
    scope = stage.chart.scope()
    for one in stage.protocol.starts:
        definition = one.definition
        if definition.arm in (None, stage.arm) and (one.rule is None or one.rule.evaluate(scope) is True):
            if definition.days:
                stage.facts["step"] = on + dt.timedelta(days=definition.days)
                continue_with = stage.protocol.starts[stage.protocol.starts.index(one) + 1 :]
                stage.facts["step_to"] = continue_with[0].definition if continue_with else None
            return _dose(stage, on, _each(stage, on, definition), definition.frequency)
    middle = _middle(stage) or 6.0
    daily = middle / 6.2 * stage.patient.surface(on) * stage.patient.clearance
    dose = _dose(stage, on, daily / 2, "BID")
    dose.before = dose.daily
    return dose


def _each(stage: Stage, on: dt.date, definition: Any) -> float:
    size = {
        "m2": stage.patient.surface(on),
        "kg": stage.patient.weight(on),
    }.get(definition.unit.split("/")[1], 1.0)
    amount = float(definition.amount) * size
    return amount / (2 if definition.unit.endswith("/day") and definition.frequency == "BID" else 1)


def _dose(stage: Stage, on: dt.date, each: float, frequency: str) -> Dose:
    is_tablet = stage.patient.months(on) / 12 >= TABLETS_FROM and each >= TABLET
    return Dose(_givable(each, is_tablet), frequency, on, "TABLET" if is_tablet else "SOLUTION")


def _givable(each: float, is_tablet: bool) -> float:
    step = TABLET if is_tablet else SYRINGE
    return max(round(round(each / step) * step, 2), step)


def _target(stage: Stage):
    return target_in_force(stage.protocol, stage.chart.scope(), stage.arm)


def _middle(stage: Stage) -> float | None:
    target = _target(stage)
    if target is None or target.high is None:
        return None
    return float((target.low if target.low is not None else target.high - 2) + target.high) / 2


# -- decisions after a visit


def decide(stage: Stage, on: dt.date, level: float | None) -> None:
    """What the investigator does about the dose at the end of a visit."""
    if stage.patient.dose is None:
        return
    if stage.facts.get("step_to") is not None and on >= stage.facts["step"]:
        definition = stage.facts.pop("step_to")
        change_dose(stage, max(stage.facts["step"], stage.patient.taking.since), _each(stage, on, definition), "PROTOCOL")
    elif (plan := _taper_plan(stage)) is not None:
        taper(stage, on, plan)
    elif level is not None:
        adjust(stage, on, level)


def adjust(stage: Stage, on: dt.date, level: float) -> None:
    """New dose = dose × middle of the target ÷ level, where the level is out of range and the investigator follows."""
    target, middle = _target(stage), _middle(stage)
    if target is None or middle is None or Decimal(str(round(level, 2))) in target:
        return
    if stage.facts["changes"] >= MOST_CHANGES or not stage.chance(FOLLOWED):
        return
    dose = stage.patient.taking
    wanted = dose.each * min(max(middle / level, LEAST), MOST)
    each = _givable(wanted, dose.formulation == "TABLET")
    if abs(each - dose.each) >= SYRINGE:
        change_dose(stage, on + dt.timedelta(days=1), each, "TROUGH")


def _taper_plan(stage: Stage) -> dict[str, str | int] | None:
    """The plan of reduction, where it is for the subject's arm."""
    dosing = stage.protocol.definition.dosing
    return dosing.taper if dosing and dosing.taper and dosing.taper.get("arm") == stage.arm else None


def taper(stage: Stage, on: dt.date, plan: dict[str, str | int]) -> None:
    """At most so many percent a month and so many days apart; back to the effective dose at a relapse; at last the stop."""
    facts, dose = stage.facts, stage.patient.taking
    if facts.get("relapsed"):
        return
    first = facts["cuts"][0] if facts["cuts"] else None
    if stage.story.plot == "relapse" and len(facts["cuts"]) >= 3:
        relapse(stage, on)
        return
    if first and (on - first).days > 30.5 * int(plan.get("min_taper_months", 6)) and stage.chance(STOP_PART):
        stop(stage, on, first)
        return
    if facts["cuts"] and (on - facts["cuts"][-1]).days < 31:
        return
    most = int(plan.get("max_cut_percent", 10)) / 100
    # rounded up, so that the cut is within the limit after rounding too
    each = math.ceil(dose.each * (1 - stage.rng.uniform(most * 0.7, most)) / SYRINGE) * SYRINGE
    if each < dose.each:
        facts.setdefault("effective", dose.each)
        facts["cuts"].append(on)
        dose.formulation = "SOLUTION"
        change_dose(stage, max(on, dose.since + dt.timedelta(days=1)), round(each, 2), "TAPER")


def relapse(stage: Stage, on: dt.date) -> None:
    form = stage.form_that_sets("relapse")
    stage.facts["relapsed"] = True
    if form is not None:
        stage.enter(stage.log_spot(form.oid), on, {stage.item_that_sets("relapse"): on.isoformat(), "STABYN": None})
    change_dose(stage, on + dt.timedelta(days=1), stage.facts.get("effective", stage.patient.taking.each), "RELAPSE")


def stop(stage: Stage, on: dt.date, first_cut: dt.date) -> None:
    """The final stop is a decision of its own."""
    form = stage.form_that_sets("treatment_stop")
    if form is not None:
        stage.enter(
            stage.log_spot(form.oid),
            on,
            {stage.item_that_sets("treatment_stop"): on.isoformat(), "STPTAP": first_cut.isoformat()},
        )
    end(stage, on)


def step_target_up(stage: Stage, on: dt.date) -> None:
    """T2: efficacy is not satisfactory at the usual target, so the investigator decides for the higher one."""
    is_undecided = "TGT" in stage.protocol.log_forms and stage.chart.repeats("TGT") == 0
    if is_undecided and stage.patient.responds < 0.55 and stage.chance(UP_PART):
        stage.enter(stage.log_spot("TGT"), on, {"TGTDAT": on.isoformat(), "TGTDEC": "UP"})
