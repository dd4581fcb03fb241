"""From the first contact to enrolment: screening, consent, the forms that decide, confirmation, allocation."""

import datetime as dt

from apps.common.errors import DomainError
from apps.common.permissions import Role
from apps.enrolment.models import Departure
from apps.enrolment.selectors import room_for
from apps.enrolment.services import confirm_eligibility, depart, enrol_subject, screen
from apps.randomization.selectors import arm_code
from apps.randomization.services import randomize_subject
from apps.subjects.services import set_milestone
from apps.visits.models import SubjectVisit
from apps.visits.services import record_visit_date, replan
from trialcapture.simulation.chart import Chart, Spot, Values
from trialcapture.simulation.filling import Filled
from trialcapture.simulation.fitting import BIRTH, SEX, Draft, choose_facts, fit, inputs_of
from trialcapture.simulation.patient import Patient
from trialcapture.simulation.phrases import said
from trialcapture.simulation.playing.stage import Stage

PEOPLE_TRIED = 12
FULL = ("Recruitment is complete", "已完成入组")


def screen_somebody(stage: Stage, on: dt.date) -> None:
    """A new subject with the screening forms, as the story wants them. Afterwards ``stage.subject`` is there."""
    stage.subject = screen(stage.actor(Role.COORDINATOR), stage.site, on)
    visits = _screening_visits(stage)
    draft = _somebody_fitting(stage, visits, on)
    stage.facts["decisive"] = _decisive_items(stage)
    stage.chart = Chart(stage.protocol)
    with stage.together():
        _save(stage, draft, {visit.pk: visit for visit in visits}, on)


def _save(stage: Stage, draft: Draft, visits: dict[int, SubjectVisit], on: dt.date) -> None:
    """Form after form; a visit is dated once its first form, the consent, is there."""
    dated: set[int | None] = set()
    for spot in draft.spots:
        values = _shown(stage, spot, draft.values[spot.form_oid])
        stage.save(spot, Filled(values, stage.chart.evaluate(spot, values)))
        if spot.visit_id in visits and spot.visit_id not in dated:
            record_visit_date(stage.actor(Role.COORDINATOR), visits[spot.visit_id], on)
            dated.add(spot.visit_id)


def _shown(stage: Stage, spot: Spot, values: Values) -> Values:
    """Without what a rule hides now: another form may have been changed after this one was filled."""
    hidden = set(stage.chart.evaluate(spot, values).irrelevant)
    return {oid: value for oid, value in values.items() if oid not in hidden}


def _screening_visits(stage: Stage) -> list[SubjectVisit]:
    codes = [
        code for code, visit in stage.protocol.visits.items() if visit.anchor == "consent" and visit.kind == "scheduled"
    ]
    return list(SubjectVisit.objects.filter(subject=stage.subject, code__in=codes).order_by("position"))


def _somebody_fitting(stage: Stage, visits: list[SubjectVisit], on: dt.date) -> Draft:
    """The first of some people whose forms come to the goal; the last one tried where none does."""
    draft = None
    for _ in range(PEOPLE_TRIED):
        facts = choose_facts(stage.protocol, stage.story.goal, stage.rng, on)
        if facts is None:
            continue
        birth = dt.date.fromisoformat(facts.get(BIRTH) or (on - dt.timedelta(days=4000)).isoformat())
        stage.patient = Patient.born(stage.rng, birth, facts.get(SEX, "F"))
        stage.chart, stage.facts = Chart(stage.protocol), {"shrinkage": _hint(stage)}
        draft = Draft(stage.visitor(on, facts), _spots(stage, visits, on))
        if fit(draft, stage.story.goal):
            break
    if draft is None:
        raise DomainError("No simulated person fits the criteria.", code="nobody_fits")
    return draft


def _hint(stage: Stage) -> float:
    """A shrinkage that has to be exact is easier made than found."""
    rules = [q.rule.text for q in stage.protocol.questions if q.rule and q.definition.code == stage.story.goal.raised]
    return 0.3 if any("SHRINK == 30" in text for text in rules) else 0.0


def _spots(stage: Stage, visits: list[SubjectVisit], on: dt.date) -> list[Spot]:
    """The forms of screening, the consent before all others; besides those log forms that a criterion reads."""
    protocol = stage.protocol
    spots = [stage.visit_spot(visit, form, on) for visit in visits for form in protocol.forms_at(visit.code)]
    there = {spot.form_oid for spot in spots}
    spots += [Spot(form) for form in protocol.log_forms if form not in there and form in _read_by_criteria(stage)]
    first: dict[str, Spot] = {}
    for spot in spots:
        first.setdefault(spot.form_oid, spot)
    return sorted(first.values(), key=lambda spot: not _is_consent(stage, spot.form_oid))


def _read_by_criteria(stage: Stage) -> set[str]:
    return {stage.protocol.items[oid].form_oid for oid in _decisive_items(stage)}


def _decisive_items(stage: Stage) -> set[str]:
    plan = stage.protocol.definition.randomization
    return inputs_of(stage.protocol, [one.rule for one in stage.protocol.criteria]) | set(plan.strata if plan else ())


def _is_consent(stage: Stage, form_oid: str) -> bool:
    return any(item.definition.milestone == "consent" for item in stage.protocol.forms[form_oid].items.values())


# -- what comes of it


def admit(stage: Stage, on: dt.date) -> bool:
    """Confirm, enrol and allocate; whether the subject is in. Screen failures leave with the criterion as the reason."""
    found = stage.chart.assess()
    if not found.is_eligible:
        _refuse(stage, found, on)
        return False
    investigator = stage.actor(Role.INVESTIGATOR)
    confirm_eligibility(investigator, stage.subject)
    room = room_for(stage.subject.study, stage.site)
    if room.is_study_full or room.is_site_full:
        _leave(stage, on, said(FULL, stage.language))
        return False
    coordinator = stage.actor(Role.COORDINATOR)
    stage.subject = enrol_subject(coordinator, stage.subject, on)
    randomize_subject(investigator, stage.subject)
    stage.arm = arm_code(stage.subject)
    if stage.protocol.definition.randomization is not None and len(stage.protocol.arms) > 1:
        _as_if_on(stage, on)
    stage.subject.refresh_from_db()
    return True


def _as_if_on(stage: Stage, on: dt.date) -> None:
    """Nobody is randomized in the past, so the day is corrected afterwards, as a site would, with its reason."""
    coordinator = stage.actor(Role.COORDINATOR)
    set_milestone(coordinator, stage.subject, "randomization", on, reason="Simulated course: randomized on this day")
    replan(coordinator, stage.subject)


def _refuse(stage: Stage, found, on: dt.date) -> None:
    """What cannot be assessed waits for the sponsor; what is not met ends screening."""
    refused = next((result for result in found.results if result.verdict == "not_met"), None)
    if refused is None:
        return
    text = next(one.definition.text for one in stage.protocol.criteria if one.definition.code == refused.code)
    _leave(stage, on, f"{refused.code}: {said((text.en, text.zh or text.en), stage.language)}")


def _leave(stage: Stage, on: dt.date, reason: str) -> None:
    depart(stage.actor(Role.COORDINATOR), stage.subject, Departure.Kind.SCREEN_FAILURE, on, reason=reason)
