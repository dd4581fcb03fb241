"""Where a course is played: the subject, who acts, and the one way in which a form is filled and saved."""

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord, Query
from apps.capture.places import RecordRef
from apps.capture.scope import milestones_in_force
from apps.capture.services import answer_query, record_not_done, save_record
from apps.common.actors import SYSTEM, Actor
from apps.common.permissions import Role
from apps.studies.models import Site
from apps.studies.protocol import CompiledForm, CompiledItem, Protocol
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit
from trialcapture.simulation.answers import ANSWERS
from trialcapture.simulation.cast import Cast
from trialcapture.simulation.chart import Chart, Spot, Values
from trialcapture.simulation.filling import Filled, Visitor, fill
from trialcapture.simulation.generic import number_text
from trialcapture.simulation.patient import Patient
from trialcapture.simulation.phrases import ANSWERS as QUERY_ANSWERS
from trialcapture.simulation.phrases import CORRECTIONS, NOT_DONE, said
from trialcapture.simulation.story import Story

NOT_DONE_PART, LATER_PART, CORRECTED_PART = 0.012, 0.03, 0.03
SLIP_PART, HARD_SLIPS, CORRECTED_SLIPS = 0.012, 0.15, 0.6


@dataclass
class Stage:
    """``until``: the last day that is played; ``arm``: the subject's, once there is one."""

    site: Site
    protocol: Protocol
    cast: Cast
    story: Story
    rng: random.Random
    until: dt.date
    subject: Subject = field(init=False)
    arm: str | None = None
    chart: Chart = field(init=False)
    patient: Patient = field(init=False)
    facts: dict[str, Any] = field(default_factory=dict)
    given: Values = field(default_factory=dict)
    revisions: dict[tuple, int] = field(default_factory=dict)
    records: list[FormRecord] = field(default_factory=list)

    @property
    def language(self) -> str:
        return self.site.language

    def actor(self, role: str) -> Actor:
        return self.cast.need(role, self.rng)

    def who_enters(self) -> Actor:
        return self.actor(self.rng.choice((Role.COORDINATOR, Role.SITE_STAFF, Role.SITE_STAFF)))

    def who_fills(self, actor: Actor, spot: Spot) -> Actor:
        """The masked assessor scores what the protocol has read; everything else whoever was asked to."""
        plan = self.protocol.definition.reading
        if plan is None or plan.score != spot.form_oid:
            return actor
        return self.cast.one(Role.OUTCOME_ASSESSOR, self.rng) or SYSTEM

    def together(self):
        """One transaction and one appending to the ledger for what the block does: a commit costs more than a save."""
        return ledger(SYSTEM, self.site.study_id)

    def say(self, choices: list[tuple[str, str]]) -> str:
        return said(self.rng.choice(choices), self.language)

    def chance(self, part: float) -> bool:
        return self.rng.random() < part

    def visitor(self, on: dt.date, given: Values | None = None) -> Visitor:
        together = {**self.given, **(given or {})}
        return Visitor(self.patient, self.chart, self.rng, on, self.language, together, self.facts)

    # -- places

    def visit_spot(self, visit: SubjectVisit, form_oid: str, on: dt.date) -> Spot:
        place = (visit.position, visit.cycle, visit.occurrence)
        return Spot(form_oid, visit.pk, visit.code, on, place)

    def log_spot(self, form_oid: str, repeat: int | None = None) -> Spot:
        """The next record of a log form, or the one that is named."""
        return Spot(form_oid, repeat=repeat or self.chart.repeats(form_oid) + 1)

    def item_that_sets(self, milestone: str) -> str:
        """The item that this dated fact is typed into; empty where there is none or it is computed."""
        form = self.form_that_sets(milestone)
        items = form.items.values() if form else ()
        return next((one.oid for one in items if one.definition.milestone == milestone and one.compute is None), "")

    def form_that_sets(self, milestone: str) -> CompiledForm | None:
        """The log form whose item sets this dated fact."""
        for form in self.protocol.forms.values():
            if form.is_log and any(item.definition.milestone == milestone for item in form.items.values()):
                return form
        return None

    # -- filling and saving

    def enter(self, spot: Spot, on: dt.date, given: Values | None = None, *, actor: Actor | None = None) -> FormRecord:
        """Fill the form as the day is, and save it."""
        filled = fill(self.visitor(on, given), spot, ANSWERS)
        if spot.visit_id is not None and not filled.blocks and self.chance(SLIP_PART):
            return self.slip(spot, filled)
        return self.save(spot, filled, actor=actor)

    def save(self, spot: Spot, filled: Filled, *, actor: Actor | None = None, reason: str = "") -> FormRecord:
        """Save as complete; sometimes as far as it is known first. A hard check is confirmed by answering its query."""
        actor = actor or self.who_enters()
        if self.chance(LATER_PART) or filled.blocks:
            record = self._put(actor, spot, filled.values, complete=False, reason=reason)
            if filled.blocks:
                self._confirm(actor, record)
            return self._put(actor, spot, {}, complete=True)
        return self._put(actor, spot, filled.values, complete=True, reason=reason)

    def change(self, spot: Spot, values: Values, reason: str, *, complete: bool = True) -> FormRecord:
        """Some values of a form; those that this protocol's form does not have are left out."""
        items = spot.form(self.protocol).items
        known = {oid: value for oid, value in values.items() if oid in items}
        return self._put(self.who_enters(), spot, known, complete=complete, reason=reason)

    def begin(self, spot: Spot, on: dt.date, given: Values) -> FormRecord:
        """A form that is filled as far as it is known and completed later."""
        filled = fill(self.visitor(on, given), spot, ANSWERS, careful=True)
        return self._put(self.who_enters(), spot, filled.values, complete=False)

    def leave_out(self, spot: Spot) -> None:
        """The form was not done that day."""
        ref = RecordRef(self.subject.pk, spot.form_oid, spot.visit_id, spot.repeat)
        actor = self.who_fills(self.who_enters(), spot)
        record = record_not_done(actor, ref, self.revisions.get(spot.key, 0), reason=self.say(NOT_DONE))
        self.revisions[spot.key] = record.revision
        self.chart.drop(spot)

    def _put(self, actor: Actor, spot: Spot, values: Values, *, complete: bool, reason: str = "") -> FormRecord:
        ref = RecordRef(self.subject.pk, spot.form_oid, spot.visit_id, spot.repeat)
        revision = self.revisions.get(spot.key, 0)
        record = save_record(self.who_fills(actor, spot), ref, values, revision, reason=reason, complete=complete)
        self.revisions[spot.key] = record.revision
        self.chart.remember(spot, record.data, record.irrelevant)
        if any(item.definition.milestone for item in spot.form(self.protocol).items.values()):
            self.chart.milestones = milestones_in_force(self.subject.pk)
        self.records.append(record)
        return record

    def _confirm(self, actor: Actor, record: FormRecord) -> None:
        for query in Query.objects.filter(record=record, status=Query.Status.OPEN, kind=Query.Kind.SYSTEM).order_by("id"):
            answer_query(actor, query, self.say(QUERY_ANSWERS))

    def slip(self, spot: Spot, filled: Filled) -> FormRecord:
        """A number is typed outside its range: the query comes at once, and mostly the right number soon after."""
        oid, wrong = self._outside(filled)
        if oid is None:
            return self.save(spot, filled)
        outcome = self.chart.evaluate(spot, {**filled.values, oid: wrong})
        blocks = any(finding.is_hard for finding in outcome.findings)
        record = self._put(self.who_enters(), spot, {**filled.values, oid: wrong}, complete=not blocks)
        if blocks or self.chance(CORRECTED_SLIPS):
            record = self.change(spot, {oid: filled.values[oid]}, self.say(CORRECTIONS))
        return record

    def _outside(self, filled: Filled) -> tuple[str | None, str]:
        """An item with a range, and a number just above the soft or far above the hard bound."""
        ranged = [
            item
            for oid, value in sorted(filled.values.items())
            if isinstance(value, str) and (item := self.protocol.items.get(oid)) is not None and self._has_bounds(item)
        ]
        if not ranged:
            return None, ""
        item = self.rng.choice(ranged)
        soft, hard = self._upper_bounds(item)
        bound = hard if self.chance(HARD_SLIPS) else soft
        return item.oid, number_text(float(bound or 0) * self.rng.uniform(1.02, 1.2), item.definition)

    def _has_bounds(self, item: CompiledItem) -> bool:
        return None not in self._upper_bounds(item) and item.oid not in self.facts["decisive"]

    def _upper_bounds(self, item: CompiledItem) -> tuple[Decimal | None, Decimal | None]:
        """Of the soft and of the hard range."""
        limits = item.definition.range
        soft, hard = (limits.soft, limits.hard) if limits else (None, None)
        return soft.high if soft else None, hard.high if hard else None

    def correct(self, record: FormRecord, spot: Spot) -> None:
        """A number was copied wrongly: the last digit is put right, with why."""
        numbers = [
            oid
            for oid, value in sorted(record.data.items())
            if isinstance(value, str) and oid in self.protocol.items and self._may_be_corrected(oid)
        ]
        if not numbers:
            return
        oid = self.rng.choice(numbers)
        definition = self.protocol.items[oid].definition
        step = 10 ** -(definition.decimals or 0) if definition.type == "decimal" else 1
        value = number_text(float(record.data[oid]) + step, definition)
        outcome = self.chart.evaluate(spot, {**record.data, oid: value})
        if not any(finding.is_hard for finding in outcome.findings):
            self.change(spot, {oid: value}, self.say(CORRECTIONS))

    def _may_be_corrected(self, oid: str) -> bool:
        item = self.protocol.items[oid]
        return item.definition.type in ("integer", "decimal") and item.compute is None and oid not in self.facts["decisive"]
