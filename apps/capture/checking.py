"""What the checks of a stored record say now, without anybody typing: for re-runs and for the batch. Nothing is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.capture.asking import Asking, ask
from apps.capture.evaluation import Evaluation, evaluate
from apps.capture.findings import Finding
from apps.capture.models import FormRecord, Query
from apps.capture.paths import changes_between
from apps.capture.scope import Filled, SubjectScope, filled_of, milestones_in_force
from apps.studies.models import Hold
from apps.studies.protocol import CompiledForm, Protocol, get_protocol
from apps.subjects.models import Subject

FIELDS = ("id", "form_oid", "version_id", "repeat", "visit_id", "status", "data", "irrelevant", "inactive", "hold")
VISIT_FIELDS = (
    "visit__hold",
    "visit__code",
    "visit__actual",
    "visit__target",
    "visit__position",
    "visit__cycle",
    "visit__occurrence",
)


@dataclass(frozen=True)
class Rechecked:
    """A record as its rules see it now, and what follows for its system queries."""

    record_id: int
    form: CompiledForm
    outcome: Evaluation
    findings: list[Finding]
    asking: Asking
    changes: list[list[Any]]
    is_shifted: bool  # an item became hidden or shown

    @property
    def differs(self) -> bool:
        return bool(self.changes or self.is_shifted or self.asking)


def recheck(
    form: CompiledForm, row: Mapping[str, Any], scope: SubjectScope, queries: Iterable[Mapping[str, Any]]
) -> Rechecked:
    """``row``: ``id``, ``data``, ``irrelevant`` and ``status`` of the record; required items are asked of complete ones."""
    is_complete = row["status"] == FormRecord.Status.COMPLETE
    outcome = evaluate(form, row["data"], scope, complete=is_complete)
    findings = [one for one in outcome.findings if one.severity != "required" or is_complete]
    return Rechecked(
        record_id=row["id"],
        form=form,
        outcome=outcome,
        findings=findings,
        asking=ask(findings, queries),
        changes=changes_between(row["data"], outcome.data),
        is_shifted=list(row["irrelevant"]) != outcome.irrelevant,
    )


def recheck_subject(subject: Subject, form_oid: str = "") -> Iterator[tuple[Mapping[str, Any], Rechecked | None]]:
    """Each record (of one form, if named) with what its checks say; None of one that they do not concern.

    Three statements for the whole subject, whatever the number of records; each record by its own version.
    """
    rows = list(FormRecord.objects.filter(subject=subject).order_by("pk").values(*FIELDS, *VISIT_FIELDS))
    filled = {row["id"]: filled_of(row) for row in rows if not row["inactive"]}
    queries = system_queries([row["id"] for row in rows])
    milestones = milestones_in_force(subject.pk)
    above = Hold.LOCKED in (subject.hold, subject.site.hold, subject.study.hold)
    for row in rows:
        if form_oid and row["form_oid"] != form_oid:
            continue
        if skipped_because(row, above):
            yield row, None
            continue
        protocol = get_protocol(row["version_id"])
        scope = _scope(subject, protocol, filled, row["id"], milestones)
        yield row, recheck(protocol.forms[row["form_oid"]], row, scope, queries.get(row["id"], []))


def skipped_because(row: Mapping[str, Any], is_locked_above: bool = False) -> str:
    """Why no check concerns the record: inactive, not_done, locked; empty where they do."""
    if row["inactive"]:
        return "inactive"
    if row["status"] == FormRecord.Status.NOT_DONE:
        return "not_done"
    return "locked" if is_locked_above or Hold.LOCKED in (row["hold"], row["visit__hold"]) else ""


def _scope(subject: Subject, protocol: Protocol, filled: Mapping[int, Filled], record_id: int, milestones) -> SubjectScope:
    """The subject's data of forms that the record's version knows."""
    known = [one for one in filled.values() if one.form_oid in protocol.forms]
    return SubjectScope(subject, protocol, filled=known, here=filled[record_id], milestones=milestones)


def system_queries(record_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Record → its system queries as ``ask`` wants them: those not closed, and those that a person closed."""
    found = Query.objects.filter(record_id__in=record_ids, kind=Query.Kind.SYSTEM)
    queries: dict[int, list[dict[str, Any]]] = {}
    for query in found.order_by("pk"):
        if query.status != Query.Status.CLOSED or query.closed_by_id is not None:
            queries.setdefault(query.record_id, []).append(
                {
                    "id": query.pk,
                    "item": query.item_oid,
                    "line": query.line_key,
                    "check": query.check_oid,
                    "status": query.status,
                    "value": query.value,
                }
            )
    return queries


# -- the batch's report


@dataclass
class CheckCount:
    """Of one check: records (or lines) in which it fired, queries that it opens and closes, and where it does not apply."""

    fired: int = 0
    opened: int = 0
    closed: int = 0
    not_applicable: Counter[str] = field(default_factory=Counter)  # why → how often


Key = tuple[str, str, str]  # form, item, check


@dataclass
class Report:
    """What a run of all checks found. ``newest`` is the version in force: a check of it that a record's version lacks
    is said to be not applicable there."""

    newest: Protocol
    records: int = 0
    changed: int = 0
    checks: dict[Key, CheckCount] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    def of(self, form: str, item: str, check: str) -> CheckCount:
        return self.checks.setdefault((form, item, check), CheckCount())

    def skip(self, why: str) -> None:
        self.records += 1
        self.skipped[why] += 1

    def add(self, row: Mapping[str, Any], found: Rechecked) -> None:
        self.records += 1
        self.changed += found.differs
        form = found.form.oid
        for finding in found.findings:
            self.of(form, finding.item_oid, finding.check_oid).fired += 1
        for finding in found.asking.open:
            self.of(form, finding.item_oid, finding.check_oid).opened += 1
        for item, _line, check in found.asking.closed:
            self.of(form, item, check).closed += 1
        hidden = set(found.outcome.irrelevant)
        for oid, check in self._checks_of(form):
            mine = found.form.items.get(oid)
            if mine is None or check not in {one.definition.oid for one in mine.checks}:
                self.of(form, oid, check).not_applicable["version"] += 1
            elif oid in hidden:
                self.of(form, oid, check).not_applicable["hidden"] += 1

    def _checks_of(self, form_oid: str) -> Iterator[tuple[str, str]]:
        form = self.newest.forms.get(form_oid)
        for item in form.items.values() if form else ():
            for check in item.checks:
                yield item.oid, check.definition.oid
