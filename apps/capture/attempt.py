"""What was typed, tried against the record and the subject's data. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.entering import Problem, Refused, Typist
from apps.capture.evaluation import Evaluation, RecordEvaluator, evaluate
from apps.capture.files import refuse_foreign_files
from apps.capture.models import FormRecord
from apps.capture.paths import item_of, paths_of
from apps.capture.places import RecordPlace
from apps.capture.scope import Filled, SubjectScope


@dataclass
class Attempt:
    """How the form would stand with what is typed so far; unreadable entries count as empty."""

    outcome: Evaluation
    scope: SubjectScope
    evaluator: RecordEvaluator
    problems: list[Problem] = field(default_factory=list)


def attempt(place: RecordPlace, values: Mapping[str, Any] | None = None) -> Attempt:
    """For the page: nothing is refused, every problem stands at its item. Two statements with the place's own."""
    scope = scope_around(place)
    entry = Typist(place.protocol, place.form, place.visible_items(), place.data).take(values or {})
    is_complete = place.record is not None and place.record.status == FormRecord.Status.COMPLETE
    evaluator = RecordEvaluator(place.form, entry.data, scope)
    return Attempt(evaluator.run(is_complete), scope, evaluator, entry.problems)


def scope_around(place: RecordPlace) -> SubjectScope:
    """The subject's data with this record in its place, whether it was saved before or not."""
    record_id = place.record.pk if place.record else place.new_id or 0
    visit = place.visit
    here = Filled(
        id=record_id,
        form_oid=place.form.oid,
        repeat=place.ref.repeat,
        visit_id=place.ref.visit_id,
        status=FormRecord.Status.INCOMPLETE,
        data=place.data,
        irrelevant=frozenset(),
        visit_code=visit.code if visit else "",
        on=(visit.actual or visit.target) if visit else None,
        position=(visit.position, visit.cycle, visit.occurrence) if visit else (0, 0, 0),
    )
    return SubjectScope(place.subject, place.protocol, here=here, milestones=place.milestones)


def typed_over(place: RecordPlace, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, laid over what is stored now; Refused where an entry cannot be read."""
    entry = Typist(place.protocol, place.form, place.visible_items(), place.data).take(values)
    problems = entry.problems + refuse_foreign_files(place, entry.data)
    if problems:
        raise Refused(problems)
    return entry.data


def evaluate_entered(place: RecordPlace, data: dict[str, Any], *, complete: bool) -> Evaluation:
    """Hidden, computed and checked; Refused where a value was put into a hidden item."""
    outcome = evaluate(place.form, data, scope_around(place), complete=complete)
    if problems := _hidden_by_hand(place, data, outcome):
        raise Refused(problems)
    return outcome


def _hidden_by_hand(place: RecordPlace, data: dict, outcome: Evaluation) -> list[Problem]:
    """A value posted into an item that was hidden and still is; one that became hidden by this save is kept."""
    before, after = paths_of(place.data), paths_of(data)
    computed = {oid for oid, item in place.form.items.items() if item.compute is not None}
    suspects = [path for path in outcome.irrelevant if before.get(path) != after.get(path) and item_of(path) not in computed]
    if not suspects:
        return []
    hidden = set(evaluate(place.form, place.data, scope_around(place)).irrelevant)
    shown = {path for path in before if path not in hidden} | {
        oid for oid, item in place.form.items.items() if not item.line and oid not in hidden
    }
    message = _("This item is hidden by other answers, so it takes no value.")
    return [Problem(path, message, "hidden") for path in suspects if path not in shown]
