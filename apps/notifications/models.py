"""Notices: one per person and occasion, whatever the tasks do."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Study
from apps.subjects.models import Subject


class Notice(models.Model):
    """What was said to whom, when, and whether its mail went out. Mails hold no clinical value and no arm."""

    class Mail(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        NONE = "none", _("In the inbox only")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=40)  # visit_due, visit_overdue, flag, export_ready …
    occasion = models.CharField(max_length=160)
    language = models.CharField(max_length=10)
    title = models.TextField()
    body = models.TextField()
    link = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=8, choices=Mail.choices, default=Mail.WAITING)
    mail_attempts = models.PositiveIntegerField(default=0)
    mail_lease_until = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "occasion"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_inbox"),
            models.Index(fields=["user", "-id"], name="notice_unread", condition=models.Q(read_at=None)),
            models.Index(fields=["id"], name="notice_mail", condition=models.Q(mail__in=["waiting", "sending"])),
        ]

    def __str__(self) -> str:
        return self.title
