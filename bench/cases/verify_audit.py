"""`verify_audit` over 200,000 events against COPY of their bodies and SHA-256 of the same bytes, one event at a time."""

import hashlib
import random
from types import SimpleNamespace

from django.db import connection

from apps.audit.ledger import ledger
from apps.audit.offline import Report
from apps.audit.services import seal_chains
from apps.audit.verify import verify_database
from apps.common.actors import Actor
from bench.measure import Row, paired, seconds

CHAINS, BATCH, ITEMS = 5, 200, 8
NURSE = Actor(user_id=7, name="Zhang Wei 张伟", address="10.1.2.3", request_id="0123456789abcdef0123456789abcdef")
THING = SimpleNamespace(_meta=SimpleNamespace(label_lower="capture.formrecord"), pk=12345)
BODIES = "COPY (SELECT body FROM audit_event ORDER BY chain, seq) TO STDOUT (FORMAT BINARY)"


def run(stack, *, quick: bool) -> list[Row]:
    events = 20_000 if quick else 200_000
    batched = events / seconds(lambda: append(events, BATCH))
    single = 1000 / seconds(lambda: append(1000, 1))
    seal_chains()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_event")
    ratio, mine, theirs = paired(verify, copy_and_hash, pairs=5)
    detail = (
        f"{mine:.1f} s / {theirs:.1f} s, {events} events; appended {batched:.0f}/s by {BATCH}, {single:.0f}/s one by one"
    )
    return [Row("verify_audit", "COPY of the bodies + SHA-256", ratio, 3, detail)]


def append(events: int, batch: int) -> None:
    """Saves of eight items each, over five studies that no other case uses."""
    dice = random.Random(1)
    for _ in range(events // batch):
        with ledger(NURSE, 9_000_000 + dice.randrange(CHAINS)) as entry:
            for _ in range(batch):
                changes = [(f"ITEM{n}", None, str(dice.random())[:5]) for n in range(ITEMS)]
                entry(
                    action="capture.record.saved",
                    obj=THING,
                    label="01-001 M1 HEM",
                    site_id=3,
                    subject_id=dice.randrange(500),
                    changes=changes,
                )


def verify() -> None:
    found = list(verify_database(Report()))
    assert not found, found[:3]


def copy_and_hash() -> None:
    with connection.cursor() as cursor, cursor.copy(BODIES) as copy:
        copy.set_types(["bytea"])
        for (body,) in copy.rows():
            hashlib.sha256(body).digest()
