"""A save of a 40-item record over HTTP, ledger included, against a bare view with the same four writes.

Both through gunicorn with the product's settings, one client each, fsync on. The record: 37 entered and 3 computed
items, 10 checks, of a subject in the middle of a trial. Also how many statements a save takes, and how long a person
waits for a form of 60 items and for the answer to one change.
"""

import json
import random
import re
import statistics

from django.db import connection
from django.test import Client as TestClient
from django.test.utils import CaptureQueriesContext

from apps.capture.places import RecordRef
from apps.capture.services import save_record
from apps.common.actors import SYSTEM, Actor
from apps.subjects.models import Subject
from bench import world
from bench.measure import Row, interleaved, undisturbed
from bench.web import Client, serving

BARE_TABLES = {
    "bench_record": "capture_formrecord",
    "bench_revision": "capture_recordrevision",
    "bench_event": "audit_event",
    "bench_chain": "audit_chain",
    "bench_outbox": "audit_outbox",
}
ENTERED = 37
DICE = random.Random(1)


def run(stack, *, quick: bool) -> list[Row]:
    pairs = 40 if quick else 300
    study = world.published("bench-save")
    user, actor = world.person(study, "coordinator")
    subject = world.consented(study)
    _make_bare_tables()
    rows = [_statements(user, actor, study, subject)]
    with serving(stack, offset=1) as port, serving(stack, "bench.bare.wsgi", ready="/token/", offset=2) as bare_port:
        ours, bare = Client(port).sign_in(user), Client(bare_port)
        bare.token = bare.get("/token/")
        reference = _bare_save(bare)
        rows.insert(0, _row("save 40 items over HTTP", _our_save(ours, study, subject), reference, 1.5, pairs))
        rows += _feel(ours, study, subject, reference, pairs)
    return rows


def _row(what: str, work, reference, budget: float, pairs: int) -> Row:
    timed = interleaved(work, reference, pairs)
    mine, theirs = (statistics.median(column) for column in zip(*timed, strict=True))
    a, b = undisturbed(timed)
    detail = f"{mine * 1e3:.1f} / {theirs * 1e3:.1f} ms; undisturbed {a * 1e3:.1f} / {b * 1e3:.1f} ms = {a / b:.2f}"
    ratio = statistics.median(one / other for one, other in timed)
    return Row(what, "a bare view with the same 4 writes", ratio, budget, detail)


def typed(prefix: str, count: int) -> dict[str, str]:
    return {f"{prefix}{n:02d}": f"{DICE.uniform(1, 99):.2f}" for n in range(count)}


def _our_save(client: Client, study, subject):
    url = world.form_url(study, subject, "V01", "B")
    client.get(url)
    revision = 0

    def save() -> None:
        nonlocal revision
        client.post(url, {"revision": str(revision), "action": "save", **typed("B", ENTERED)})
        client.cookies.pop("messages", None)  # the page that a browser opens next says "Saved." and drops it
        revision += 1

    return save


def _bare_save(client: Client):
    return lambda: client.post("/save/1/", typed("B", ENTERED))


def _make_bare_tables() -> None:
    """The same columns and indexes; rows of nobody."""
    with world.as_owner() as owner:
        role = connection.settings_dict["USER"]
        for bare, real in BARE_TABLES.items():
            owner.execute(f"CREATE TABLE {bare} (LIKE {real} INCLUDING ALL)")
            owner.execute(f"GRANT SELECT, INSERT, UPDATE ON {bare} TO {role}")
        owner.execute("INSERT INTO bench_record SELECT * FROM capture_formrecord LIMIT 1")
        owner.execute("UPDATE bench_record SET id = 1")
        owner.execute("INSERT INTO bench_chain (key, seq, head_hash) VALUES ('bench', 0, '')")


def _statements(user, actor: Actor, study, subject: Subject) -> Row:
    """Of the service alone (its budget), and of the whole request with session, user and rights."""
    ref = RecordRef(subject.pk, "B", subject.visits.get(code="V02").pk)
    save_record(actor, ref, typed("B", ENTERED), 0)
    with CaptureQueriesContext(connection) as of_service:
        save_record(actor, ref, typed("B", ENTERED), 1)
    in_service = _counted(of_service)  # now: a request empties the log that it reads
    client = TestClient()
    client.force_login(user)
    url = world.form_url(study, subject, "V02", "B")
    client.post(url, {"revision": "2", **typed("B", ENTERED)}, headers={"host": "127.0.0.1"})
    with CaptureQueriesContext(connection) as of_request:
        answer = client.post(url, {"revision": "3", **typed("B", ENTERED)}, headers={"host": "127.0.0.1"})
    assert answer.status_code == 302, answer.status_code
    in_request = _counted(of_request)
    detail = f"in the whole request {in_request}, BEGIN and COMMIT not counted"
    return Row("save 40 items: statements", "1 statement", in_service, 6, detail)


def _counted(captured) -> int:
    return sum(not re.match("BEGIN|COMMIT|SAVEPOINT|RELEASE", entry["sql"]) for entry in captured)


def _feel(client: Client, study, subject, reference, pairs: int) -> list[Row]:
    """What a person at a form of 60 items waits for; the reference only says how fast this machine is today."""
    save_record(SYSTEM, RecordRef(subject.pk, "L", subject.visits.get(code="V01").pk), typed("L", 50), 0)
    url = world.form_url(study, subject, "V01", "L")
    page = client.get(url)
    signatures = re.search(r"name=\"_signatures\"[^>]*value=\"([^\"]*)\"", page)
    shown = json.loads(signatures[1].replace("&quot;", '"')) if signatures else {}
    values = typed("L", 50)
    sent = {"revision": "1", "_signatures": json.dumps(shown), **values}

    def change_one() -> None:
        values["L07"] = f"{DICE.uniform(1, 99):.2f}"
        client.post(f"{url}evaluate/", {**sent, **values}, expect=200, **{"HX-Request": "true"})

    rows = []
    for what, work, allowed in (
        ("open a 60-item form", lambda: client.get(url), 150),
        ("one change in it", change_one, 100),
    ):
        timed = interleaved(work, reference, pairs // 4)
        mine, theirs = (statistics.median(column) for column in zip(*timed, strict=True))
        detail = f"{mine / theirs:.1f} × a bare save; undisturbed {undisturbed(timed)[0] * 1e3:.0f} ms"
        rows.append(Row(f"{what}, ms", "absolute, one client", mine * 1e3, allowed, detail))
    return rows
