"""Deviations and monitoring visits."""

from apps.review.permissions import (
    DO_ACTION,
    JUDGE_DEVIATION,
    MONITOR_SITE,
    REPORT_DEVIATION,
    VIEW_DEVIATIONS,
    VIEW_MONITORING,
)
from tests.permissions.rows import SITE, STUDY, Row, post, study_slug


def at_deviation(world) -> dict:
    return study_slug(world) | {"pk": world.deviation.pk}


def at_monitoring(world) -> dict:
    return study_slug(world) | {"pk": world.monitoring.pk}


def at_step(place, step):
    return lambda world: place(world) | {"step": step}


ROWS = {
    "review:deviations": Row(STUDY, VIEW_DEVIATIONS, study_slug),
    "review:deviations_export": post(STUDY, VIEW_DEVIATIONS, study_slug),
    "review:deviation_new": Row(STUDY, REPORT_DEVIATION, study_slug),
    "review:deviation": Row(SITE, VIEW_DEVIATIONS, at_deviation),
    "review:deviation_step": post(
        SITE, JUDGE_DEVIATION, at_step(at_deviation, "dismiss"), lambda world: {"reason-reason": "none"}
    ),
    "review:monitoring": Row(STUDY, VIEW_MONITORING, study_slug),
    "review:monitoring_visit": Row(SITE, VIEW_MONITORING, at_monitoring),
    "review:monitoring_letter": Row(SITE, VIEW_MONITORING, at_monitoring),
    "review:monitoring_step": post(SITE, MONITOR_SITE, at_step(at_monitoring, "action"), lambda world: {}),
    "review:monitoring_done": post(
        SITE,
        DO_ACTION,
        lambda world: at_monitoring(world) | {"finding": world.finding.pk},
        lambda world: {"how": "Filed."},
    ),
}
