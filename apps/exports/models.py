"""Exports asked for, made and checked."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Study


class Export(models.Model):
    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="exports")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    filters = models.JSONField(default=dict)  # {"sites": [ids], "status": "all"|"complete"}
    blinded = models.BooleanField()
    # the ledger position that it holds
    position = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    stage = models.CharField(max_length=120, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["study", "-id"], name="export_list")]

    def __str__(self) -> str:
        return f"{self.study.slug} {self.requested_at:%Y-%m-%d %H:%M}"

    @property
    def total_rows(self) -> int:
        return sum(file["rows"] for file in self.manifest.get("files", []))
