"""Printouts are made by workers; a task takes an id, and the sweep takes up what a dead worker dropped."""

from celery import shared_task

from apps.casebook import services
from apps.common.actors import SYSTEM


@shared_task(name="apps.casebook.print")
def make(printout_id: int) -> None:
    if printout := services.claim_printout(printout_id):
        services.make_printout(SYSTEM, printout)


@shared_task(name="apps.casebook.sweep")
def sweep() -> int:
    return services.run_waiting_printouts()
