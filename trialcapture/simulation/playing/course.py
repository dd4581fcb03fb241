"""A whole course: screening, treatment, visits, the end."""

import datetime as dt

from django.db.models import Max

from apps.common.permissions import Role
from apps.enrolment.models import Departure
from apps.enrolment.services import depart
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit
from trialcapture.simulation.phrases import WITHDRAWALS, said
from trialcapture.simulation.playing import events, screening, talk, treatment, visiting
from trialcapture.simulation.playing.stage import Stage

VISITS_MOST = 80
ENDINGS = {"withdrawal": Departure.Kind.WITHDRAWAL, "lost": Departure.Kind.LOST}
UNREACHABLE = ("Could not be reached three times", "三次联系均未成功")
FINISHED = ("All visits done", "已完成全部访视")
NEXT_COURSE_PART = 0.8


def play_subject(stage: Stage, screened_on: dt.date) -> Subject:
    """Play the course until it ends or ``stage.until`` comes; returns the subject."""
    screening.screen_somebody(stage, screened_on)
    enrolled_on = screened_on + dt.timedelta(days=stage.rng.randint(2, 12))
    if enrolled_on <= stage.until and screening.admit(stage, enrolled_on):
        treatment.start(stage, enrolled_on)
        _visits(stage, enrolled_on)
    talk.discuss(stage)
    return stage.subject


def _visits(stage: Stage, day_zero: dt.date) -> None:
    last = day_zero
    leaves = _leaves_on(stage, day_zero)
    for _ in range(VISITS_MOST):
        visit = visiting.next_visit(stage)
        if visit is None:
            if not _is_over(stage, last):
                continue
            return
        on = visiting.day_of(stage, visit, last)
        if leaves and on > leaves and leaves <= stage.until:
            if _leave(stage, max(leaves, last)):
                return
            leaves = None
            continue
        if on > stage.until:
            visiting.book(stage, visit)
            return
        if visiting.may_be_missed(stage, visit) and stage.chance(visiting.MISSED_PART):
            visiting.miss(stage, visit)
            continue
        visiting.attend(stage, visit, on)
        last = on
        _after(stage, visit, on)


def _leaves_on(stage: Stage, day_zero: dt.date) -> dt.date | None:
    """The day of an early end, by the schedule as it is planned on day 0."""
    if stage.story.leaves_after is None:
        return None
    planned = SubjectVisit.objects.filter(subject=stage.subject).aggregate(last=Max("target"))["last"] or day_zero
    return day_zero + dt.timedelta(days=round((planned - day_zero).days * stage.story.leaves_after))


def _after(stage: Stage, visit, on: dt.date) -> None:
    """What a visit leads to: another course, another target, a visit between."""
    treatment.step_target_up(stage, on)
    definition = stage.protocol.visits[visit.code]
    ends_a_course = definition.cycle and _is_last_of_cycle(stage, visit.code)
    if ends_a_course and stage.patient.dose is not None and stage.chance(NEXT_COURSE_PART):
        treatment.begin_course(stage, on)
    visiting.come_unscheduled(stage, min(on + dt.timedelta(days=stage.rng.randint(2, 6)), stage.until))


def _is_last_of_cycle(stage: Stage, code: str) -> bool:
    cycle = stage.protocol.visits[code].cycle
    return [one.code for one in stage.protocol.visits.values() if one.cycle == cycle][-1] == code


def _is_over(stage: Stage, last: dt.date) -> bool:
    """No visit is planned any more: first treatment ends, which plans the last visits; then the study ends."""
    if stage.patient.dose is not None and stage.protocol.definition.dosing is not None:
        _end_treatment(stage, last, "COMPLETED")
        return False
    _dispose(stage, last, "COMPLETED")
    reason = said(FINISHED, stage.language)
    depart(stage.actor(Role.INVESTIGATOR), stage.subject, Departure.Kind.COMPLETION, last, reason=reason)
    return True


def _end_treatment(stage: Stage, on: dt.date, why: str) -> None:
    stage.facts["ending"] = {"EOTDAT": on.isoformat(), "EOTREAS": why}
    treatment.end(stage, on)


def _leave(stage: Stage, on: dt.date) -> bool:
    """An early end; whether nothing follows it. Who only stops treatment goes on with the visits."""
    if stage.story.plot == "early_stop":
        _end_treatment(stage, on, "LACK_OF_EFFICACY" if stage.patient.responds < 0.5 else "PHYSICIAN_DECISION")
        coordinator = stage.actor(Role.COORDINATOR)
        reason = said(("Not effective enough", "疗效不佳"), stage.language)
        depart(coordinator, stage.subject, Departure.Kind.OFF_TREATMENT, on, reason=reason)
        return False
    events.report(stage, on)
    treatment.end(stage, on)
    is_lost = stage.story.plot == "lost"
    _dispose(stage, on, "LOST_TO_FOLLOW-UP" if is_lost else "WITHDRAWAL_BY_PARENT/GUARDIAN")
    depart(
        stage.actor(Role.COORDINATOR),
        stage.subject,
        ENDINGS[stage.story.plot],
        on,
        reason=said(UNREACHABLE, stage.language) if is_lost else stage.say(WITHDRAWALS),
        scope="" if is_lost else stage.rng.choice(("treatment", "follow_up")),
    )
    return True


def _dispose(stage: Stage, on: dt.date, how: str) -> None:
    form = stage.form_that_sets("disposition")
    if form is not None and stage.chart.repeats(form.oid) == 0:
        stage.enter(stage.log_spot(form.oid, 1), on, {stage.item_that_sets("disposition"): on.isoformat(), "DSDECOD": how})
