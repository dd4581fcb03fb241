"""Periodic work of notices. Any number of beats may run: reminders are unique in the database, mails are claimed."""

from celery import shared_task
from celery.utils.log import get_task_logger
from kombu.exceptions import OperationalError

from apps.common.actors import SYSTEM
from apps.notifications import reminders, services

log = get_task_logger(__name__)
BATCH = 200


@shared_task(name="apps.notifications.tasks.remind")
def remind() -> int:
    return reminders.remind()


@shared_task(name="apps.notifications.tasks.send_mails")
def send_mails() -> int:
    """Send what waits, up to a batch; the next beat goes on."""
    sent = 0
    for _ in range(BATCH):
        notice = services.claim_mail()
        if notice is None:
            break
        sent += services.send_mail_of(SYSTEM, notice)
    return sent


def nudge_mail() -> None:
    """Ask a worker to send now; where the broker does not answer, beat's sweep sends a little later."""
    try:
        send_mails.apply_async(retry=False)
    except OperationalError as error:
        log.warning("mail nudge failed: %s", error)
