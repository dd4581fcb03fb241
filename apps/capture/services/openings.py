"""Two people on one form: who has it open, since when, and taking it over. Nothing is locked: the revision guard decides."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from apps.audit.ledger import ledger
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.common.actors import Actor

LASTS = dt.timedelta(minutes=2)  # after the last sign of life


@dataclass(frozen=True)
class Holder:
    """Another person who has the form: since when, and whether they took it over."""

    user_id: int
    name: str
    since: dt.datetime
    took_over: bool


# one statement: my own sign of life, and who else is there; who took over last has it, else who came first
TOUCH = """WITH mine AS (
    INSERT INTO capture_opening (study_id, user_id, subject_id, visit_id, form_oid, repeat, since, seen_at, taken_over_at)
    VALUES (%(study)s, %(user)s, %(subject)s, %(visit)s, %(form)s, %(repeat)s, %(now)s, %(now)s, %(taken)s)
    ON CONFLICT (subject_id, visit_id, form_oid, repeat, user_id) DO UPDATE SET seen_at = %(now)s,
        since = CASE WHEN capture_opening.seen_at < %(live)s THEN %(now)s ELSE capture_opening.since END,
        taken_over_at = CASE WHEN %(taken)s::timestamptz IS NOT NULL THEN %(taken)s
            WHEN capture_opening.seen_at < %(live)s THEN NULL ELSE capture_opening.taken_over_at END
    RETURNING since, taken_over_at)
SELECT o.user_id, u.full_name, coalesce(o.taken_over_at, o.since), o.taken_over_at IS NOT NULL
FROM capture_opening o JOIN accounts_user u ON u.id = o.user_id CROSS JOIN mine
WHERE o.subject_id = %(subject)s AND o.visit_id IS NOT DISTINCT FROM %(visit)s AND o.form_oid = %(form)s
AND o.repeat = %(repeat)s AND o.user_id <> %(user)s AND o.seen_at > %(live)s
AND CASE WHEN mine.taken_over_at IS NULL THEN o.taken_over_at IS NOT NULL OR o.since < mine.since
    ELSE o.taken_over_at > mine.taken_over_at END
ORDER BY o.taken_over_at DESC NULLS LAST, o.since LIMIT 1"""


def keep_open(actor: Actor, place: RecordPlace) -> Holder | None:
    """A sign of life of whoever may enter data here; gives who else has the form, None where the actor has it."""
    place.require(place.entry_right)
    return _touch(actor, place, None)


def take_over(actor: Actor, ref: RecordRef) -> None:
    """The form is the actor's from now on; the other page is told, and what was typed there stays its draft."""
    place = load_place(actor, ref)
    place.require(place.entry_right)
    with ledger(actor, place.study.pk) as entry:
        before = _touch(actor, place, None)
        _touch(actor, place, timezone.now())
        if before is not None:
            entry(
                action="capture.form.taken_over",
                obj=place.subject,
                label=place.title,
                site_id=place.site.pk,
                subject_id=place.subject.pk,
                changes=[("open", before.name, actor.name)],
                audience="unblinded" if place.form.blinded or (place.visit and place.visit.audience) else "",
                details={"form": place.form.oid, "visit": place.ref.visit_id, "repeat": place.ref.repeat},
            )


def _touch(actor: Actor, place: RecordPlace, taken: dt.datetime | None) -> Holder | None:
    if actor.user_id is None:
        return None
    now = taken or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            TOUCH,
            {
                "study": place.study.pk,
                "user": actor.user_id,
                "subject": place.subject.pk,
                "visit": place.ref.visit_id,
                "form": place.form.oid,
                "repeat": place.ref.repeat,
                "taken": taken,
                "now": now,
                "live": now - LASTS,
            },
        )
        row = cursor.fetchone()
    return Holder(*row) if row else None
