"""Notices: written once per person and occasion, mailed once, sent again after a crash with the same Message-ID."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.notifications import wording
from apps.notifications.models import Notice
from apps.studies.models import Study
from apps.subjects.models import Subject

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 8


def notify(
    actor: Actor,
    study: Study,
    users: Iterable[User],
    *,
    kind: str,
    occasion: str,
    say: Callable[..., tuple[str, str]],
    args: tuple[Any, ...] = (),
    link: str = "",
    subject: Subject | None = None,
    language: str = "",
) -> list[Notice]:
    """Write a notice to each person who does not have this occasion's yet, and queue its mail.

    ``language``: the site's, where the notice is about a site's work; else each person's own.
    """
    with ledger(actor, study.pk) as entry:
        written = []
        for user in users:
            spoken = language or user.language
            title, body = wording.in_words_of(spoken, say, *args)
            notice, created = Notice.objects.get_or_create(
                user=user,
                occasion=occasion,
                defaults={
                    "study": study,
                    "subject": subject,
                    "kind": kind,
                    "language": spoken,
                    "title": title,
                    "body": body,
                    "link": link,
                },
            )
            if created:
                written.append(notice)
                entry(
                    action="notifications.notice.written",
                    obj=notice,
                    audience=_audience(notice),
                    label=f"{kind} → {user}",
                    subject_id=subject.pk if subject else None,
                    site_id=subject.site_id if subject else None,
                    changes=[("occasion", None, occasion)],
                    outbox=True,
                )
    return written


def _audience(notice: Notice) -> str:
    """That a subject has a flag or a visit at all may tell the arm, so the trail of such notices is not for the blinded."""
    return "unblinded" if notice.subject_id else ""


def mark_read(actor: Actor, notice: Notice) -> Notice:
    """The person has seen it. Only one's own notices can be fetched, so no right is asked."""
    if notice.read_at is None:
        with ledger(actor, notice.study_id) as entry:
            notice.read_at = timezone.now()
            notice.save(update_fields=["read_at"])
            entry(action="notifications.notice.read", obj=notice, audience=_audience(notice), label=notice.kind)
    return notice


def claim_mail() -> Notice | None:
    """One notice whose mail waits, or whose sender died; its attempt is counted before the mail leaves."""
    now = timezone.now()
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("user", "study")
            .filter(mail__in=[Notice.Mail.WAITING, Notice.Mail.SENDING])
            .filter(Q(mail_lease_until=None) | Q(mail_lease_until__lt=now))
            .order_by("pk")
            .first()
        )
        if notice:
            notice.mail, notice.mail_attempts = Notice.Mail.SENDING, notice.mail_attempts + 1
            notice.mail_lease_until = now + LEASE
            notice.save(update_fields=["mail", "mail_attempts", "mail_lease_until"])
    return notice


def send_mail_of(actor: Actor, notice: Notice) -> bool:
    """Send a claimed notice. A fault waits twice as long each time and is shown on the notice after the last attempt."""
    try:
        message_of(notice).send()
    except OSError as error:  # smtplib's errors are OSErrors
        _put_back(actor, notice, error)
        return False
    sent_at = timezone.now()
    with ledger(actor, notice.study_id) as entry:
        updated = Notice.objects.filter(pk=notice.pk, mail=Notice.Mail.SENDING, mail_attempts=notice.mail_attempts).update(
            mail=Notice.Mail.SENT, mailed_at=sent_at, mail_error=""
        )
        if updated:
            entry(
                action="notifications.mail.sent",
                obj=notice,
                audience=_audience(notice),
                label=f"{notice.kind} → {notice.user}",
            )
    return True


def _put_back(actor: Actor, notice: Notice, error: Exception) -> None:
    last = notice.mail_attempts >= MAX_ATTEMPTS
    with ledger(actor, notice.study_id) as entry:
        Notice.objects.filter(pk=notice.pk, mail_attempts=notice.mail_attempts).update(
            mail=Notice.Mail.FAILED if last else Notice.Mail.WAITING,
            mail_lease_until=timezone.now() + timedelta(seconds=30 * 2**notice.mail_attempts),
            mail_error=str(error)[:500],
        )
        entry(
            action="notifications.mail.failed",
            obj=notice,
            audience=_audience(notice),
            label=f"{notice.kind} → {notice.user}",
            changes=[("error", None, str(error)[:200])],
        )


def message_of(notice: Notice) -> EmailMessage:
    """The mail of a notice; its Message-ID never changes, so that a second sending is recognised as the same mail."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    link = settings.SITE_URL + notice.link
    study = wording.study_line(notice.language, notice.study.title)
    body = f"{study}\n\n{notice.body}\n\n{wording.footer(notice.language, link)}\n"
    return EmailMessage(
        subject=notice.title,
        body=body,
        to=[notice.user.email],
        headers={"Message-ID": f"<notice-{notice.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
