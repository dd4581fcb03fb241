"""Every list at 100 and at 10,000 subjects of 30 visits each: the same statements and nearly the same time.

One server and one client for both; each figure is the median of interleaved pairs. Half of the visits
are still to come and few overdue; every subject has flags and queries; inbox, exports and trail grow with the study.
"""

import re
import statistics
from types import SimpleNamespace

from django.db import connection
from django.test import Client as TestClient
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.studies.models import Membership, Study
from bench import world
from bench.measure import Row, interleaved, undisturbed
from bench.web import Client, serving

VISITS = 30
ROLES = ("coordinator", "data_manager", "safety_officer")
NUMBER = "01-000050"
PAGES = {
    "studies list": ("studies:list", (), ""),
    "study page": ("studies:detail", ("slug",), ""),
    "enrolment so far": ("casebook:enrolment_count", ("slug",), ""),
    "people": ("studies:people", ("slug",), ""),
    "subject list": ("casebook:subjects", ("slug",), ""),
    "subject list, second page": ("casebook:subjects", ("slug",), f"?after={NUMBER}"),
    "subject list, part of a number": ("casebook:subjects", ("slug",), "?q=00007"),
    "subject list, one status": ("casebook:subjects", ("slug",), "?status=enrolled"),
    "matrix": ("casebook:matrix", ("slug",), ""),
    "subject page": ("casebook:subject", ("slug", "number"), ""),
    "flags": ("safety:flags", ("slug",), ""),
    "flags, resolved": ("safety:flags", ("slug",), "?status=resolved"),
    "queries": ("casebook:queries", ("slug",), ""),
    "queries, a site and a role": ("casebook:queries", ("slug",), "?site=01&role=coordinator"),
    "queries, one form, closed": ("casebook:queries", ("slug",), "?status=closed&form=E"),
    "matrix, not signed": ("casebook:matrix", ("slug",), "?show=unsigned"),
    "matrix, queried": ("casebook:matrix", ("slug",), "?show=queried"),
    "verification": ("casebook:verification", ("slug",), ""),
    "verification, changed since": ("casebook:verification_changed", ("slug",), ""),
    "second entries": ("casebook:second_entries", ("slug",), ""),
    "deviations": ("review:deviations", ("slug",), ""),
    "exports": ("exports:list", ("slug",), ""),
    "audit trail": ("casebook:audit", ("slug",), ""),
    "inbox": ("notifications:inbox", (), ""),
}


def run(stack, *, quick: bool) -> list[Row]:
    pairs = 7 if quick else 15
    few, many = (_populated(name, count) for name, count in (("few", 100), ("many", 2_000 if quick else 10_000)))
    with serving(stack, offset=3) as port:
        clients = [Client(port).sign_in(user) for _study, user in (few, many)]
        return [_row(name, few, many, clients, pairs) for name in PAGES if _address(name, few[0]) is not None]


def _address(name: str, study: Study) -> str | None:
    """None where there is no such page yet."""
    view, wanted, query = PAGES[name]
    kwargs = {"slug": study.slug, "number": NUMBER}
    try:
        return reverse(view, kwargs={key: kwargs[key] for key in wanted}) + query
    except NoReverseMatch:
        return None


def _row(name: str, few, many, clients, pairs: int) -> Row:
    small, large = (_address(name, study) for study, _user in (few, many))
    timed = interleaved(lambda: clients[1].get(large), lambda: clients[0].get(small), pairs)
    ratio = statistics.median(one / other for one, other in timed)
    asked = [_statements(user, url) for (_study, user), url in ((few, small), (many, large))]
    a, b = undisturbed(timed)
    detail = f"undisturbed {a * 1e3:.0f} / {b * 1e3:.0f} ms = {a / b:.2f}; statements {asked[0]} → {asked[1]}"
    is_more = asked[1] > max(asked[0], 15) or asked[1] > 15
    return Row(f"page: {name}", "the same at 100 subjects", ratio, 1.3, detail + (" TOO MANY" if is_more else ""))


def _statements(user, url: str) -> int:
    client = TestClient()
    client.force_login(user)
    client.get(url, headers={"host": "127.0.0.1"})
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url, headers={"host": "127.0.0.1"}).status_code == 200, url
    return sum(not re.match("BEGIN|COMMIT|SAVEPOINT|RELEASE", entry["sql"]) for entry in captured)


def _populated(name: str, subjects: int):
    """(study, its person). Each has an account of its own: the inbox and the trail grow with the study."""
    study = world.published(f"bench-{name}", visits=VISITS)
    user, actor = world.person(study, ROLES[0])
    for role in ROLES[1:]:
        Membership.objects.create(user=user, study=study, role=role)
    world.fill(study, subjects=subjects, visits=VISITS, records=subjects * VISITS, items=2)
    keys = {"study": study.pk, "user": user.pk, "half": VISITS // 2}
    with world.as_owner() as owner:
        for statement in (OVERDUE, FLAGS, QUERIES, NOTICES, EXPORTS):
            owner.execute(statement.format(**keys))
        _trail(actor, study, subjects)
        owner.execute("ANALYZE")
    return study, user


def _trail(actor: Actor, study: Study, events: int) -> None:
    """One event a subject; in few transactions, since how they came is not what is measured here."""
    with ledger(actor, study.pk) as entry:
        for number in range(events):
            thing = SimpleNamespace(_meta=SimpleNamespace(label_lower="capture.formrecord"), pk=number)
            changes = [("E00", None, str(number)), ("E01", "1.0", "2.0")]
            entry(action="capture.record.saved", obj=thing, label=f"01-{number:06d} V01 E", changes=changes)


# few are overdue, so that finding them is what costs: most planned visits lie far ahead
OVERDUE = """UPDATE visits_subjectvisit SET status = 'planned', actual = NULL,
    target = target + shift, earliest = earliest + shift, latest = latest + shift
FROM (SELECT id AS visit, CASE WHEN id % 1000 = 0 THEN 0 ELSE 36500 END AS shift FROM visits_subjectvisit) moved
WHERE visit = id AND study_id = {study} AND position >= {half}"""
FLAGS = """INSERT INTO safety_flag (study_id, subject_id, record_id, item_oid, kind, occasion, severity, text, audience,
    status, raised_at)
SELECT {study}, s.id, r.id, 'E01', 'ctcae', 'bench:' || r.id, 'warning', '{{"en": "High", "zh": "高"}}', '',
    CASE WHEN r.id % 2 = 0 THEN 'open' ELSE 'resolved' END, now()
FROM subjects_subject s
JOIN LATERAL (SELECT id FROM capture_formrecord WHERE subject_id = s.id ORDER BY id LIMIT 2) r ON true
WHERE s.study_id = {study}"""
QUERIES = """INSERT INTO capture_query (study_id, subject_id, record_id, item_oid, line_key, kind, check_oid, status, text,
    assigned_role, opened_at)
SELECT {study}, r.subject_id, r.id, 'E00', '', 'system', 'RANGE', CASE WHEN r.id % 2 = 0 THEN 'open' ELSE 'closed' END,
    '{{"en": "High", "zh": "高"}}', 'coordinator', now()
FROM capture_formrecord r WHERE r.study_id = {study} AND r.id / 7 % 5 = 0"""
NOTICES = """INSERT INTO notifications_notice (study_id, user_id, subject_id, kind, occasion, language, title, body, link,
    created_at, read_at, mail, mail_attempts, mail_error)
SELECT {study}, {user}, s.id, 'visit_due', 'bench:' || s.id, 'en', 'Visit due', 'A visit is due', '', now(),
    CASE WHEN s.id % 1000 = 0 THEN NULL ELSE now() END, 'none', 0, ''
FROM subjects_subject s WHERE s.study_id = {study}"""
EXPORTS = """INSERT INTO exports_export (study_id, requested_by_id, requested_at, filters, blinded, status, progress, stage,
    file_name, sha256, manifest, error)
SELECT {study}, {user}, now(), '{{}}', false, 'done', 100, '', '', '', '{{}}', ''
FROM generate_series(1, (SELECT count(*) / 20 FROM subjects_subject WHERE study_id = {study}))"""
