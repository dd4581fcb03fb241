"""Periodic work of notices. Any number of beats may run: reminders are unique in the database, mails are claimed."""

from celery import shared_task

from apps.common.actors import SYSTEM
from apps.notifications import reminders, services

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
