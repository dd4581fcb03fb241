"""The close-out check list: what still stands before a subject, a site or the study may be locked.

Each line counts over a set of subjects, whoever asks: a lock concerns all of the data. Lines of upper apps (grades,
sponsor questions) are bound by ``trialcapture/wiring.py``.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from apps.capture.double_entry import unsettled
from apps.capture.models import FormRecord, Query
from apps.review.models import Mark, Waiver
from apps.review.selectors.marks import unmarked_required
from apps.review.selectors.signatures import unsigned_subjects
from apps.studies.models import Site, Study
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject

Scope = Study | Site | Subject
Counter = Callable[[Study, QuerySet[Subject]], int]
LABELS: dict[str, str | Promise] = {
    "queries": _("Open queries"),
    "incomplete": _("Forms that are not complete"),
    "entered_once": _("Forms whose second entry is missing or not decided"),
    "unverified": _("Required items that are not verified"),
    "unsigned": _("Casebooks that are not signed"),
    "ungraded": _("Results that could not be graded"),
    "questions": _("Questions for the sponsor that are not decided"),
    "deviations": _("Protocol deviations that are not closed"),
}
_bound: dict[str, Counter] = {}


def bind(table: Mapping[str, str]) -> None:
    """Lines of upper apps: code → dotted name of a counter; a code without a label is an error."""
    _bound.clear()
    _bound.update({code: import_string(dotted) for code, dotted in table.items() if LABELS[code]})


@dataclass(frozen=True)
class Line:
    code: str
    number: int
    waiver: Waiver | None = None

    @property
    def label(self) -> str:
        return str(LABELS[self.code])

    @property
    def is_waived(self) -> bool:
        return self.number > 0 and self.waiver is not None and self.number <= self.waiver.number

    @property
    def stands(self) -> bool:
        return self.number > 0 and not self.is_waived


def check_list(scope: Scope) -> list[Line]:
    """Every line of the scope, those that stand and those that do not."""
    study, subjects = study_of(scope), subjects_of(scope)
    waivers = _waivers(study, scope)
    counters = {**OWN, **_bound}
    return [Line(code, counters[code](study, subjects), waivers.get(code)) for code in LABELS if code in counters]


def study_of(scope: Scope) -> Study:
    return scope if isinstance(scope, Study) else scope.study


def subjects_of(scope: Scope) -> QuerySet[Subject]:
    if isinstance(scope, Subject):
        return Subject.objects.filter(pk=scope.pk)
    if isinstance(scope, Site):
        return Subject.objects.filter(site=scope)
    return Subject.objects.filter(study=scope)


def _waivers(study: Study, scope: Scope) -> dict[str, Waiver]:
    """The newest of each line: a subject's own, else (for a site too) the study's."""
    subject = scope if isinstance(scope, Subject) else None
    rows = Waiver.objects.filter(study=study, subject=subject).order_by("line", "-id").distinct("line")
    return {waiver.line: waiver for waiver in rows}


# -- the lines of capture and review


def _queries(study: Study, subjects: QuerySet[Subject]) -> int:
    return Query.objects.filter(subject__in=subjects).exclude(status=Query.Status.CLOSED).count()


MISSING = """SELECT count(*) FROM visits_subjectvisit v
    JOIN jsonb_to_recordset(%(forms)s::jsonb) AS f(visit text, forms text[]) ON f.visit = v.code
    CROSS JOIN unnest(f.forms) AS form
    WHERE v.subject_id = ANY(%(subjects)s) AND v.status NOT IN ('missed', 'skipped', 'not_applicable')
    AND (v.actual IS NOT NULL OR EXISTS (SELECT 1 FROM capture_formrecord o WHERE o.visit_id = v.id AND NOT o.inactive))
    AND NOT EXISTS (SELECT 1 FROM capture_formrecord r WHERE r.visit_id = v.id AND r.form_oid = form AND NOT r.inactive)"""


def _incomplete(study: Study, subjects: QuerySet[Subject]) -> int:
    """Forms in progress, and forms of visits that took place which nobody has begun."""
    begun = FormRecord.objects.filter(subject__in=subjects, inactive=False, status=FormRecord.Status.INCOMPLETE).count()
    if study.version_id is None:
        return begun
    protocol = get_protocol(study.version_id)
    forms = [{"visit": code, "forms": protocol.forms_at(code)} for code in protocol.visits]
    with connection.cursor() as cursor:
        cursor.execute(MISSING, {"forms": json.dumps(forms), "subjects": _ids(subjects)})
        return begun + cursor.fetchone()[0]


def _entered_once(study: Study, subjects: QuerySet[Subject]) -> int:
    return unsettled(study, subjects).count()


def _unverified(study: Study, subjects: QuerySet[Subject]) -> int:
    return unmarked_required(study, Mark.Kind.SDV, _ids(subjects)) if study.version_id is not None else 0


def _unsigned(study: Study, subjects: QuerySet[Subject]) -> int:
    return unsigned_subjects(_ids(subjects))


def _ids(subjects: QuerySet[Subject]) -> list[int]:
    return list(subjects.values_list("pk", flat=True))


OWN: dict[str, Counter] = {
    "queries": _queries,
    "incomplete": _incomplete,
    "entered_once": _entered_once,
    "unverified": _unverified,
    "unsigned": _unsigned,
}


def standing(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.stands]
