"""The states that a visit, a record or an item can be in, as every page shows them: a shape, a tone and a word."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class State:
    """``code`` names the shape in ``static/img/icons.svg`` (``state-<code>``); ``tone`` the colour in ``app.css``."""

    code: str
    label: str | Promise
    tone: str


STATES = {
    state.code: state
    for state in (
        State("empty", _("Nothing entered"), "neutral"),
        State("due", _("Due"), "info"),
        State("overdue", _("Overdue"), "problem"),
        State("in_progress", _("In progress"), "info"),
        State("complete", _("Complete"), "ok"),
        State("queried", _("Open query"), "attention"),
        State("verified", _("Verified"), "ok"),
        State("frozen", _("Frozen"), "info"),
        State("locked", _("Locked"), "neutral"),
        State("signed", _("Signed"), "ok"),
        State("not_applicable", _("Not applicable"), "neutral"),
        State("missed", _("Missed"), "attention"),
    )
}
TONES = ("neutral", "info", "ok", "attention", "problem")
