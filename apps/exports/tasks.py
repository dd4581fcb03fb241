"""Exports are made by workers; a task takes an id, and the sweep takes up what a dead worker dropped."""

from celery import shared_task

from apps.common.actors import SYSTEM
from apps.exports import services


@shared_task(name="apps.exports.make")
def make(export_id: int) -> None:
    if export := services.claim_export(export_id):
        services.make_export(SYSTEM, export)


@shared_task(name="apps.exports.sweep")
def sweep() -> int:
    return services.run_waiting_exports()
