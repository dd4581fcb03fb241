"""What a hold answers to whoever is stopped by it: which level it is on, and who set it, when and why."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from apps.audit.models import Event
from apps.audit.selectors import EventView, view_of
from apps.common.errors import DomainError
from apps.studies.models import Hold

# model → the level's name for callers, and in words
LEVELS: dict[str, tuple[str, Callable[[], str]]] = {
    "studies.study": ("study", lambda: _("the study")),
    "studies.site": ("site", lambda: _("the site")),
    "subjects.subject": ("subject", lambda: _("the subject")),
    "visits.subjectvisit": ("visit", lambda: _("the visit")),
    "capture.formrecord": ("record", lambda: _("this form")),
}


def holder_of(held: Any) -> EventView | None:
    """The newest event that froze, locked or released it."""
    events = Event.objects.filter(object_type=held._meta.label_lower, object_id=str(held.pk))
    event = events.filter(action__startswith="review.hold.").order_by("-seq").first()
    return None if event is None else view_of(event)


def refusal(held: Any, hold: str = "") -> DomainError:
    """``hold`` where the row in hand is older than the hold that stopped it."""
    hold = hold or held.hold
    level, in_words = LEVELS[held._meta.label_lower]
    words = {"level": in_words()}
    if hold == Hold.LOCKED:
        said = _("Nothing can be changed: %(level)s is locked.") % words
    else:
        said = _("Nothing can be changed: %(level)s is frozen.") % words
    holder = holder_of(held)
    if holder is not None:
        by = _("%(who)s set this on %(at)s UTC: %(reason)s") % {
            "who": holder.actor.name,
            "at": f"{holder.at:%Y-%m-%d %H:%M}",
            "reason": holder.reason,
        }
        said = f"{said} {by}"
    return DomainError(said, code="held", details={"level": level, "hold": hold})
