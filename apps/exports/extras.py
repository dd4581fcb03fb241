"""Datasets beside the forms: subjects, visits, consents, queries, flags, grades, signatures, reviews; for the unblinded
levels and allocation."""

from psycopg import sql

from apps.common.actors import Actor
from apps.exports.datasets import Selection, status_sql
from apps.randomization.permissions import VIEW_ALLOCATION
from apps.studies.access import may
from apps.studies.models import Study

SUBJECT = 'st.slug AS "STUDYID", si.code AS "SITEID", su.number AS "SUBJID"'
FROM_SUBJECT = "JOIN studies_study st ON st.id = su.study_id JOIN studies_site si ON si.id = su.site_id"
UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

QUERIES = {
    "SUBJECTS": f"""SELECT {SUBJECT}, {{status}} AS "STATUS", su.screened_on AS "SCREENED",
        CASE WHEN d.kind = 'withdrawal' THEN d."on" END AS "WITHDRAWN",
        CASE WHEN d.kind = 'withdrawal' THEN d.scope END AS "WITHDRAWNSCOPE"
        FROM subjects_subject su {FROM_SUBJECT} LEFT JOIN LATERAL (
            SELECT e.kind, e."on", e.scope FROM enrolment_departure e
            WHERE e.subject_id = su.id AND e.kind IN ('withdrawal', 'taken_back') AND {{scope}}
            ORDER BY e.id DESC LIMIT 1) d ON true
        WHERE {{where}} ORDER BY su.number""",
    "VISITS": f"""SELECT {SUBJECT}, v.code AS "VISIT", nullif(v.cycle, 0) AS "CYCLE", v.occurrence AS "VISITOCC",
        v.target AS "TARGET", v.earliest AS "EARLIEST", v.latest AS "LATEST", v.booked_on AS "BOOKED", v.actual AS "ACTUAL",
        v.status AS "STATUS", v.status_reason AS "REASON", (SELECT string_agg(DISTINCT c.label, ', ')
            FROM studies_consentversion c WHERE c.site_id = su.site_id AND c.withdrawn_at IS NULL AND c.valid_from = (
                SELECT max(n.valid_from) FROM studies_consentversion n
                WHERE n.site_id = su.site_id AND n.withdrawn_at IS NULL AND n.valid_from <= v.actual)) AS "CONSENTFORM"
        FROM visits_subjectvisit v JOIN subjects_subject su ON su.id = v.subject_id {FROM_SUBJECT}
        WHERE {{where}} AND {{audience_v}} ORDER BY su.number, v.position, v.cycle, v.occurrence""",
    "CONSENTS": f"""SELECT {SUBJECT}, m.kind AS "KIND", nullif(m.occurrence, 1) AS "OCCURRENCE", m."on" AS "DATE",
        (SELECT string_agg(DISTINCT c.label, ', ') FROM studies_consentversion c
            WHERE c.site_id = su.site_id AND c.withdrawn_at IS NULL AND c.valid_from = (
                SELECT max(n.valid_from) FROM studies_consentversion n
                WHERE n.site_id = su.site_id AND n.withdrawn_at IS NULL AND n.valid_from <= m."on")) AS "INFORCE"
        FROM (SELECT DISTINCT ON (subject_id, kind, occurrence) * FROM subjects_milestone
            WHERE study_id = {{study}} AND kind IN ('consent', 'reconsent', 'assent')
            ORDER BY subject_id, kind, occurrence, id DESC) m
        JOIN subjects_subject su ON su.id = m.subject_id {FROM_SUBJECT}
        WHERE {{where}} AND m."on" IS NOT NULL ORDER BY su.number, m."on", m.kind""",
    "QUERIES": f"""SELECT {SUBJECT}, v.code AS "VISIT", r.form_oid AS "FORM", r.repeat AS "REPEAT", q.item_oid AS "ITEM",
        q.kind AS "KIND", q.status AS "STATUS", q.text ->> 'en' AS "TEXT", {UTC.format("q.opened_at")} AS "OPENEDUTC",
        {UTC.format("q.closed_at")} AS "CLOSEDUTC"
        FROM capture_query q JOIN capture_formrecord r ON r.id = q.record_id JOIN subjects_subject su ON su.id = q.subject_id
        {FROM_SUBJECT} LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
        WHERE {{where}} AND {{audience_v}} AND {{shown}} ORDER BY su.number, q.id""",
    "FLAGS": f"""SELECT {SUBJECT}, f.kind AS "KIND", f.severity AS "SEVERITY", f.status AS "STATUS", f.item_oid AS "ITEM",
        f.text ->> 'en' AS "TEXT", {UTC.format("f.raised_at")} AS "RAISEDUTC"
        FROM safety_flag f JOIN subjects_subject su ON su.id = f.subject_id {FROM_SUBJECT}
        WHERE {{where}} AND {{audience_f}} ORDER BY su.number, f.id""",
    "GRADES": f"""SELECT {SUBJECT}, v.code AS "VISIT", g.item_oid AS "ITEM", g.analyte AS "ANALYTE", g.term AS "TERM",
        g.ctcae_version AS "CTCAE", g.value AS "VALUE", g.unit AS "UNIT",
        trim_scale(g.low) AS "LLN", trim_scale(g.high) AS "ULN",
        g.baseline AS "BASELINE", g.grade AS "GRADE", g.reason AS "REASON"
        FROM (SELECT DISTINCT ON (record_id, item_oid, term) * FROM safety_grade WHERE study_id = {{study}}
            ORDER BY record_id, item_oid, term, id DESC) g
        JOIN capture_formrecord r ON r.id = g.record_id AND r.data ->> g.item_oid = g.value AND NOT r.inactive
        JOIN subjects_subject su ON su.id = g.subject_id {FROM_SUBJECT} LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
        WHERE {{where}} AND {{audience_v}} ORDER BY su.number, g.id""",
    "SIGNATURES": f"""SELECT {SUBJECT}, g.level AS "LEVEL", v.code AS "VISIT", r.form_oid AS "FORM", r.repeat AS "REPEAT",
        g.actor_name AS "SIGNEDBY", {UTC.format("g.at")} AS "SIGNEDUTC", g.meaning AS "MEANING", g.signed_hash AS "SHA256",
        jsonb_array_length(g.signed) AS "RECORDS", (SELECT count(*) FROM jsonb_array_elements(g.signed) AS e
            JOIN capture_formrecord o ON o.id = (e ->> 0)::bigint WHERE NOT o.inactive AND o.status = e ->> 3
            AND o.irrelevant = e -> 4 AND (e ->> 1)::int
                = coalesce((SELECT max(c.value::int) FROM jsonb_each_text(o.changed) AS c), 0)) AS "UNCHANGED"
        FROM review_signature g JOIN subjects_subject su ON su.id = g.subject_id {FROM_SUBJECT}
        LEFT JOIN capture_formrecord r ON r.id = CASE g.level WHEN 'record' THEN g.object_id::bigint END
        LEFT JOIN visits_subjectvisit v
            ON v.id = coalesce(r.visit_id, CASE g.level WHEN 'visit' THEN g.object_id::bigint END)
        WHERE {{where}} AND {{audience_v}} AND {{shown_form}} ORDER BY su.number, g.id""",
    "REVIEWS": f"""SELECT {SUBJECT}, v.code AS "VISIT", r.form_oid AS "FORM", r.repeat AS "REPEAT", m.path AS "ITEM",
        m.kind AS "KIND", CASE WHEN m.revision = coalesce((r.changed ->> m.path)::int, 0) THEN 'Y' ELSE 'N' END AS "CURRENT",
        m.actor_name AS "MARKEDBY", {UTC.format("m.at")} AS "MARKEDUTC"
        FROM review_mark m JOIN capture_formrecord r ON r.id = m.record_id AND NOT m.withdrawn
        JOIN subjects_subject su ON su.id = m.subject_id {FROM_SUBJECT} LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
        WHERE {{where}} AND {{audience_v}} AND {{shown_form}} AND {{shown_path}} ORDER BY su.number, m.id""",
}
UNBLINDED = {
    "LEVELS": f"""SELECT {SUBJECT}, v.code AS "VISIT", t.value AS "LEVEL", t.unit AS "UNIT", t.hours_since_dose AS "HOURS",
        t.target AS "TARGET", t.verdict AS "VERDICT"
        FROM dosing_troughassessment t JOIN capture_formrecord r ON r.id = t.record_id AND r.revision = t.revision
        JOIN subjects_subject su ON su.id = t.subject_id {FROM_SUBJECT} LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
        WHERE {{where}} ORDER BY su.number, t.id""",
}
ALLOCATION = f"""SELECT {SUBJECT}, a.arm AS "ARM", a.stratum AS "STRATUM", {UTC.format("a.at")} AS "ALLOCATEDUTC"
    FROM randomization_allocation a JOIN subjects_subject su ON su.id = a.subject_id {FROM_SUBJECT}
    WHERE {{where}} ORDER BY su.number"""


def queries(
    actor: Actor, study: Study, selection: Selection, hidden: frozenset[str] = frozenset()
) -> dict[str, sql.Composable]:
    """Name → SELECT. What would give the arm away is absent for the blinded (``hidden``: OIDs of forms and items);
    the allocation needs its own right."""
    chosen = dict(QUERIES)
    if not selection.blinded:
        chosen |= UNBLINDED
        if may(actor, VIEW_ALLOCATION, study_id=study.pk):
            chosen["ALLOCATION"] = ALLOCATION
    true = sql.SQL("true")
    oids = sql.Literal(sorted(hidden))
    parts = {
        "status": sql.SQL(status_sql(selection)),
        # a withdrawal from treatment alone ends the treatment, which may tell the arm
        "scope": sql.SQL("e.scope <> 'treatment'") if selection.blinded else true,
        "study": sql.Literal(selection.study_id),
        "where": sql.SQL("su.study_id = {} AND su.site_id = ANY({})").format(
            sql.Literal(selection.study_id), sql.Literal(list(selection.site_ids))
        ),
        "audience_v": sql.SQL("coalesce(v.audience, '') = ''") if selection.blinded else true,
        "audience_f": sql.SQL("f.audience = ''") if selection.blinded else true,
        "shown_form": sql.SQL("coalesce(r.form_oid, '') <> ALL({})").format(oids) if hidden else true,
        "shown_path": sql.SQL("regexp_replace(m.path, '^.*/', '') <> ALL({})").format(oids) if hidden else true,
        "shown": sql.SQL("NOT (r.form_oid = ANY({0}) OR q.item_oid = ANY({0}))").format(oids) if hidden else true,
    }
    return {name: sql.SQL(query).format(**parts) for name, query in chosen.items()}
