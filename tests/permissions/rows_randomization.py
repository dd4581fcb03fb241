"""The randomization lists: their keeper and the auditor, nobody who is blinded."""

from apps.randomization.permissions import MANAGE_LISTS, VIEW_LISTS
from tests.permissions.rows import STUDY, Row, post, study_slug


def at_step(world) -> dict:
    return study_slug(world) | {"step": "seal"}


ROWS = {
    "randomization:lists": Row(STUDY, VIEW_LISTS, study_slug),
    "randomization:import": Row(STUDY, MANAGE_LISTS, study_slug),
    "randomization:template": Row(STUDY, MANAGE_LISTS, study_slug),
    "randomization:dry_run": post(STUDY, MANAGE_LISTS, study_slug),
    "randomization:revealed": post(STUDY, VIEW_LISTS, study_slug),
    "randomization:step": post(STUDY, MANAGE_LISTS, at_step),
}
