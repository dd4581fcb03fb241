"""Exports asked for, made and checked."""

from django.db import models

from apps.common.jobs import Job
from apps.studies.models import Study


class Export(Job):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="exports")
    filters = models.JSONField(default=dict)  # {"sites": [ids], "status": "all"|"complete"}
    blinded = models.BooleanField()
    # the ledger position that it holds; none of a blinded export, whose file does not say it either
    position = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["study", "-id"], name="export_list")]

    def __str__(self) -> str:
        return f"{self.study.slug} {self.requested_at:%Y-%m-%d %H:%M}"

    @property
    def total_rows(self) -> int:
        return sum(file["rows"] for file in self.manifest.get("files", []))
