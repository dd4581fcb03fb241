"""The audit view at five million events against fifty thousand: each filter, and filters together.

The events are written by SQL as the owner: forty persons, two thousand subjects, three forms, six actions over three years;
besides a person, a form and an action that are rare and lie far back, where a page that walks would walk longest.
"""

import statistics

from django.urls import reverse

from apps.studies.models import Study
from bench import world
from bench.cases.pages import _statements
from bench.measure import Row, interleaved, undisturbed
from bench.web import Client, serving

SUBJECTS, RARE_PERSON = 2000, 999_999
BUDGET = 1.3
INDEXES = """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'audit_event' AND indexname NOT IN (
    SELECT conname FROM pg_constraint WHERE conrelid = 'audit_event'::regclass)"""
EVENTS = """
INSERT INTO audit_event (id, chain, seq, prev_hash, hash, body, at, actor_id, actor_name, study_id, site_id, subject_id,
    object_type, object_id, action, audience)
SELECT gen_random_uuid(), 'study:{study}', n, '', '', format(
    '{{"action":"%s","actor":{{"id":%s,"name":"Person %s"}},"address":"","at":"%s","audience":"",'
    '"changes":[["E00",null,"%s"],["E01","1.00","2.00"]],"details":{{"form":"%s","inactive":false,"irrelevant":[],"queries":{{}},"repeat":1,"revision":1,'
    '"status":"complete","version":{version},"visit":null}},"object":{{"id":"%s","label":"01-%s V01 %s",'
    '"type":"capture.formrecord"}},"reason":"Typing error","request":"","site":{site},"study":{study},"subject":%s}}',
    action, actor, actor, at, n, form, n % 500000, lpad((n % {subjects})::text, 6, '0'), form, subject),
    at, actor, 'Person ' || actor, {study}, {site}, subject, 'capture.formrecord', (n % 500000)::text, action, ''
FROM (SELECT n, now() - (interval '3 years' * (1 - n::float / {count})) AS at,
        CASE WHEN n IN (100, 200, 300) THEN {rare} ELSE 1000 + (n * 7 % 40) END AS actor,
        {first} + n % {subjects} AS subject,
        CASE WHEN n <= 50 THEN 'IC' ELSE (ARRAY['B', 'E', 'L'])[1 + n % 3] END AS form,
        CASE WHEN n <= 60 AND n % 10 = 0 THEN 'exports.export.downloaded' ELSE (ARRAY['capture.record.saved',
            'capture.record.completed', 'capture.query.opened', 'review.mark.given', 'visits.visit.dated'])[1 + n * 3 % 5]
        END AS action
    FROM generate_series(1, {count}) n) rows
"""


def filters(study: Study, user_id: int) -> dict[str, str]:
    number = "01-000777"
    return {
        "no filter": "",
        "a person": "?person=1005",
        "a rare person": f"?person={RARE_PERSON}",
        "a subject": f"?subject={number}",
        "a form": "?form=E",
        "a rare form, far back": "?form=IC",
        "an action": "?action=review.mark.given",
        "a rare action, far back": "?action=exports.export.downloaded",
        "an area": "?area=capture",
        "a rare area, far back": "?area=exports",
        "a day two years ago": "?since={day}&until={day}",
        "a person and a form": "?person=1005&form=E",
        "a subject and an action": f"?subject={number}&action=capture.record.saved",
        "a form and a day two years ago": "?form=E&since={day}&until={day}",
    }


def run(stack, *, quick: bool) -> list[Row]:
    few, many = (
        filled(name, count) for name, count in (("trail-few", 50_000), ("trail-many", 500_000 if quick else 5_000_000))
    )
    with world.as_owner() as owner:
        owner.execute("ANALYZE audit_event")
        day = owner.execute("SELECT (now() - interval '2 years')::date").fetchone()[0]
    rows = []
    with serving(stack, offset=5) as port:
        clients = [Client(port).sign_in(user) for _study, user in (few, many)]
        for name, query in filters(few[0], few[1].pk).items():
            small, large = (
                reverse("casebook:audit", args=[study.slug]) + query.format(day=day) for study, _user in (few, many)
            )
            timed = interleaved(lambda: clients[1].get(large), lambda: clients[0].get(small), 7 if quick else 15)  # noqa: B023
            ratio = statistics.median(one / other for one, other in timed)
            a, b = undisturbed(timed)
            asked = _statements(many[1], large)
            detail = f"undisturbed {a * 1e3:.0f} / {b * 1e3:.0f} ms = {a / b:.2f}; {asked} statements"
            rows.append(Row(f"audit view: {name}", "the same at 50,000 events", ratio, BUDGET, detail))
    return rows


def filled(name: str, events: int):
    """(study, its monitor). The indexes are made after the rows, as a restored database has them."""
    study = world.published(f"bench-{name}", visits=2)
    user, _actor = world.person(study, "monitor")
    with world.as_owner() as owner:
        keys = {"study": study.pk, "site": study.sites.get().pk, "count": SUBJECTS}
        owner.execute(world.SUBJECTS.format(**keys))
        first = owner.execute(f"SELECT min(id) FROM subjects_subject WHERE study_id = {study.pk}").fetchone()[0]
        indexes = owner.execute(INDEXES).fetchall()
        for index, _definition in indexes:
            owner.execute(f"DROP INDEX {index}")
        owner.execute(f"DELETE FROM audit_chain WHERE key = 'study:{study.pk}'")
        owner.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        owner.execute(f"DELETE FROM audit_event WHERE chain = 'study:{study.pk}'")
        keys |= {"count": events, "subjects": SUBJECTS, "first": first, "rare": RARE_PERSON, "version": study.version_id}
        owner.execute(EVENTS.format(**keys))
        owner.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")
        for _index, definition in indexes:
            owner.execute(definition)
        owner.execute(
            f"INSERT INTO audit_chain (key, seq, head_hash) VALUES ('study:{study.pk}', {events}, decode('00', 'hex'))"
        )
    return study, user
