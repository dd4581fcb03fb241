"""What people say about the data: the monitor asks, the site answers, somebody closes; flags are seen and resolved."""

from apps.capture.models import Query
from apps.capture.services import answer_query, close_query, open_query
from apps.common.permissions import Role
from apps.safety.models import Flag
from apps.safety.services import acknowledge_flag, resolve_flag
from trialcapture.simulation.phrases import ANSWERS, CLOSINGS, FLAG_NOTES, QUERIES
from trialcapture.simulation.playing.stage import Stage

ASKED, ANSWERED, CLOSED = 0.02, 0.75, 0.65
ACKNOWLEDGED, RESOLVED = 0.7, 0.6


def discuss(stage: Stage) -> None:
    """Queries over all that was entered."""
    monitor = stage.cast.one(Role.MONITOR, stage.rng)
    for record in stage.records:
        shown = [oid for oid in sorted(record.data) if oid in stage.protocol.items and not stage.protocol.items[oid].line]
        if monitor is not None and shown and stage.chance(ASKED):
            open_query(monitor, record, text=stage.say(QUERIES), item_oid=stage.rng.choice(shown))
    for query in Query.objects.filter(subject=stage.subject, status=Query.Status.OPEN).order_by("id"):
        if stage.chance(ANSWERED):
            answer_query(stage.who_enters(), query, stage.say(ANSWERS))
    closer = stage.cast.one(Role.DATA_MANAGER, stage.rng)
    for query in Query.objects.filter(subject=stage.subject, status=Query.Status.ANSWERED).order_by("id"):
        if closer is not None and stage.chance(CLOSED):
            close_query(closer, query, stage.say(CLOSINGS))


def handle_flags(stage: Stage) -> None:
    """After the handlers have raised them: most are seen, many are resolved."""
    for flag in Flag.objects.filter(subject=stage.subject, status=Flag.Status.OPEN).select_related("subject").order_by("id"):
        if not stage.chance(ACKNOWLEDGED):
            continue
        actor = stage.actor(stage.rng.choice((Role.INVESTIGATOR, Role.SAFETY_OFFICER)))
        flag = acknowledge_flag(actor, flag)
        if stage.chance(RESOLVED):
            resolve_flag(actor, flag, note=stage.say(FLAG_NOTES))
