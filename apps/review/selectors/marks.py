"""What is verified, what is left, what was dropped: each one statement over the records and their marks.

A required item counts where it holds something: in an active, complete record, not hidden, of a line that counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.review.models import Mark
from apps.review.plan import Plan, plan_rows
from apps.studies.access import is_blinded, sites_visible_to
from apps.studies.models import Study

PLAN = """plan AS (SELECT * FROM jsonb_to_recordset(%(plan)s::jsonb)
    AS p(version bigint, form text, required boolean, items text[], lines jsonb))"""
# which subjects the plan targets; all of them where it targets none in particular
TARGETED = """targeted AS (SELECT id FROM (
    SELECT s.id, s.number, row_number() OVER (PARTITION BY s.site_id ORDER BY s.id) AS place
    FROM subjects_subject s WHERE s.study_id = %(study)s) t
    WHERE %(first)s::int IS NULL OR place <= %(first)s
    OR ('x' || substr(md5(%(seed)s || ':' || number), 1, 8))::bit(32)::bigint < %(share)s / 100.0 * 4294967296)"""
FROM_RECORDS = """FROM capture_formrecord r JOIN subjects_subject s ON s.id = r.subject_id
    JOIN plan p ON p.version = r.version_id AND p.form = r.form_oid
    LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
    LEFT JOIN targeted t ON t.id = r.subject_id {more}
    WHERE r.study_id = %(study)s AND NOT r.inactive AND r.status = 'complete'
    AND (%(sites)s::bigint[] IS NULL OR s.site_id = ANY(%(sites)s))
    AND (NOT %(blinded)s OR coalesce(v.audience, '') = '') AND {where}"""
COLUMNS = """r.id AS record_id, r.subject_id, s.site_id, r.visit_id, r.form_oid,
    p.required AND t.id IS NOT NULL
        AND (r.visit_id IS NULL OR %(visits)s = '{{}}' OR v.code = ANY(%(visits)s)) AS required"""
LINES = """CROSS JOIN LATERAL jsonb_to_recordset(p.lines) AS g("group" text, items text[])
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(r.data -> g."group", '[]')) AS line CROSS JOIN unnest(g.items) AS i"""
LINE_PATH = """g."group" || '/' || (line ->> '_key') || '/' || i"""
MARKED = """EXISTS (SELECT 1 FROM review_mark m WHERE m.record_id = r.id AND m.kind = %(kind)s AND m.path = {path}
    AND NOT m.withdrawn AND m.revision = coalesce((r.changed ->> {path})::int, 0)) AS marked"""


def _wanted(where: str) -> str:
    """CTEs up to ``wanted(record_id, subject_id, site_id, visit_id, form_oid, required, path, marked)``."""
    flat = f"""SELECT {COLUMNS}, i AS path, {MARKED} {FROM_RECORDS}
        AND r.data ? i AND NOT r.irrelevant ? i""".format(path="i", more="CROSS JOIN unnest(p.items) AS i", where=where)
    lines = f"""SELECT {COLUMNS}, {LINE_PATH} AS path, {MARKED} {FROM_RECORDS}
        AND line ? i AND NOT line ? '_inactive' AND NOT r.irrelevant ? ({LINE_PATH})""".format(
        path=f"({LINE_PATH})", more=LINES, where=where
    )
    return f"WITH {PLAN}, {TARGETED}, wanted AS ({flat} UNION ALL {lines})"


def _parameters(study: Study, kind: str, *, blinded: bool, sites: Iterable[int] | None = None) -> dict[str, Any]:
    """``sites`` None: all of the study's."""
    assert study.version_id is not None  # only a published study has records
    plan = Plan(study.version_id, kind)
    first, share, seed = plan.targeting or (None, 0, "")
    return {
        "plan": plan_rows(study.pk, study.version_id, kind, blinded),
        "study": study.pk,
        "kind": kind,
        "first": first,
        "share": share,
        "seed": seed,
        "visits": plan.visits,
        "blinded": blinded,
        "sites": None if sites is None else list(sites),
    }


def _of_actor(actor: Actor, study: Study, kind: str) -> dict[str, Any]:
    sites = sites_visible_to(actor, study.pk).values_list("pk", flat=True)
    return _parameters(study, kind, blinded=is_blinded(actor, study), sites=sites)


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


WAITS = "required AND NOT marked"


# -- how far it is


@dataclass(frozen=True)
class SiteProgress:
    """Required items of a site: how many, how many have a current mark."""

    site_id: int
    required: int
    marked: int

    @property
    def left(self) -> int:
        return self.required - self.marked

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means all; None where nothing is required yet."""
        return None if not self.required else 100 * self.marked // self.required


def progress(actor: Actor, study: Study, kind: str) -> dict[int, SiteProgress]:
    """Site → its progress, of the sites that the actor sees, in one statement besides the plan's."""
    statement = (
        f"{_wanted('p.required')} SELECT site_id, count(*), count(*) FILTER (WHERE marked) FROM wanted WHERE required "
        "GROUP BY site_id"
    )
    return {row[0]: SiteProgress(*row) for row in _rows(statement, _of_actor(actor, study, kind))}


@dataclass(frozen=True)
class Left:
    """A record with required items that nobody has marked since they last changed."""

    record_id: int
    left: int
    required: int


def left_to_do(
    actor: Actor, study: Study, kind: str, *, site_code: str = "", visit: str = "", after: int = 0, limit: int = 50
) -> list[Left]:
    """The records that wait, by id, from ``after`` on. ``visit`` is a visit's code, "LOG" for the logs."""
    where = """p.required AND r.id > %(after)s
        AND (%(site)s = '' OR s.site_id IN (SELECT id FROM studies_site WHERE study_id = %(study)s AND code = %(site)s))
        AND (%(visit)s = '' OR coalesce(v.code, 'LOG') = %(visit)s)"""
    statement = f"""{_wanted(where)} SELECT record_id, count(*) FILTER (WHERE NOT marked), count(*) FROM wanted
        WHERE required GROUP BY record_id HAVING NOT bool_and(marked) ORDER BY record_id LIMIT %(limit)s"""
    more = {"after": after, "limit": limit, "site": site_code, "visit": visit}
    return [Left(*row) for row in _rows(statement, _of_actor(actor, study, kind) | more)]


def verified_sql(study: Study, *, blinded: bool, subject_ids: Iterable[int]) -> tuple[str, dict[str, Any]]:
    """SELECT of the subjects' records whose required items (where none is required, whose items) are all verified."""
    where = """r.subject_id = ANY(%(subjects)s)
        AND EXISTS (SELECT 1 FROM review_mark m WHERE m.record_id = r.id AND m.kind = 'sdv')"""
    statement = f"""{_wanted(where)} SELECT record_id FROM wanted GROUP BY record_id
        HAVING CASE WHEN bool_or(required) THEN bool_and(marked OR NOT required) ELSE bool_and(marked) END"""
    return statement, _parameters(study, Mark.Kind.SDV, blinded=blinded) | {"subjects": list(subject_ids)}


def verified_records(study: Study, *, blinded: bool, subject_ids: Iterable[int]) -> set[int]:
    return {row[0] for row in _rows(*verified_sql(study, blinded=blinded, subject_ids=subject_ids))}


def unmarked_required(study: Study, kind: str, subject_ids: Iterable[int]) -> int:
    """How many required items of the subjects wait, whoever asks."""
    statement = f"{_wanted('p.required AND r.subject_id = ANY(%(subjects)s)')} SELECT count(*) FROM wanted WHERE {WAITS}"
    parameters = _parameters(study, kind, blinded=False) | {"subjects": list(subject_ids)}
    return int(_rows(statement, parameters)[0][0])


def unmarked_subjects_sql(actor: Actor, study: Study, kind: str) -> tuple[str, list[Any]]:
    """SELECT of the subjects with a required item that waits, to stand in a queryset, with its parameters in order."""
    statement = f"{_wanted('p.required')} SELECT subject_id FROM wanted WHERE {WAITS}"
    named, parameters = _of_actor(actor, study, kind), []

    def placed(match: re.Match[str]) -> str:
        parameters.append(named[match[1]])
        return "%s"

    return re.sub(r"%\((\w+)\)s", placed, statement), parameters


# -- what was dropped


@dataclass(frozen=True)
class Dropped:
    """A mark whose item has changed since."""

    mark: Mark
    record: FormRecord
    changed_revision: int


DROPPED = """SELECT m.id, coalesce((r.changed ->> m.path)::int, 0) FROM review_mark m
    JOIN capture_formrecord r ON r.id = m.record_id JOIN subjects_subject s ON s.id = m.subject_id
    LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
    WHERE m.study_id = %(study)s AND m.kind = %(kind)s AND NOT m.withdrawn AND NOT r.inactive AND m.id > %(after)s
    AND m.revision <> coalesce((r.changed ->> m.path)::int, 0) AND s.site_id = ANY(%(sites)s)
    AND (%(site)s = '' OR s.site_id IN (SELECT id FROM studies_site WHERE study_id = %(study)s AND code = %(site)s))
    AND (NOT %(blinded)s OR coalesce(v.audience, '') = '' AND NOT (r.form_oid = ANY(%(hidden)s)
        OR regexp_replace(m.path, '^.*/', '') = ANY(%(hidden)s)))
    ORDER BY m.id LIMIT %(limit)s"""


def dropped(actor: Actor, study: Study, kind: str, *, site_code: str = "", after: int = 0, limit: int = 50) -> list[Dropped]:
    """Marks whose item changed since, oldest first; those of hidden items are absent for the blinded."""
    from apps.studies.protocol import get_protocol

    assert study.version_id is not None
    blinded = is_blinded(actor, study)
    parameters = {
        "study": study.pk,
        "kind": kind,
        "after": after,
        "limit": limit,
        "site": site_code,
        "sites": list(sites_visible_to(actor, study.pk).values_list("pk", flat=True)),
        "blinded": blinded,
        "hidden": sorted(get_protocol(study.version_id).hidden_from_blinded) if blinded else [],
    }
    found = _rows(DROPPED, parameters)
    marks = Mark.objects.select_related("record__visit", "record__subject__study", "record__subject__site").in_bulk(
        [pk for pk, _ in found]
    )
    return [Dropped(marks[pk], marks[pk].record, revision) for pk, revision in found]


def marks_of(record: FormRecord) -> dict[str, dict[str, Mark]]:
    """Path → kind → mark, current or dropped; withdrawn ones are not marks."""
    marks: dict[str, dict[str, Mark]] = {}
    for mark in Mark.objects.filter(record_id=record.pk, withdrawn=False):
        marks.setdefault(mark.path, {})[mark.kind] = mark
    return marks


def is_current(mark: Mark, record: FormRecord) -> bool:
    return mark.revision == record.changed.get(mark.path, 0)
