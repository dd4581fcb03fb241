"""Signatures, each bound to the values and revisions that it saw."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Study
from apps.subjects.models import Subject


class Signature(models.Model):
    """Printed name, time and meaning (21 CFR 11.50), bound to the records' hashes and revisions (11.70). Insert-only."""

    class Level(models.TextChoices):
        RECORD = "record", _("Form")
        VISIT = "visit", _("Visit")
        CASEBOOK = "casebook", _("Casebook")
        ELIGIBILITY = "eligibility", _("Eligibility")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="signatures")
    level = models.CharField(max_length=12, choices=Level.choices)
    object_id = models.CharField(max_length=40)
    meaning = models.TextField()
    # of each record as signed: [id, revision of its last change, SHA-256 of its data, status, hidden paths]
    signed = models.JSONField()
    signed_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField()
    actor_name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["subject", "level", "object_id"], name="signature_object")]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.meaning}"
