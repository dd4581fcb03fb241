"""What the dose rules concluded about a level: a trough or not, which target was in force, in or out."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.capture.models import FormRecord
from apps.studies.models import Study
from apps.subjects.models import Subject


class TroughAssessment(models.Model):
    """Insert-only; a corrected record is assessed again. Shown only to those who may know the arm."""

    class Verdict(models.TextChoices):
        IN_RANGE = "in_range", _("In range")
        BELOW = "below", _("Below the target")
        ABOVE = "above", _("Above the target")
        NOT_A_TROUGH = "not_a_trough", _("Not a trough")
        NOT_ASSESSABLE = "not_assessable", _("Not assessable")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="trough_assessments")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="trough_assessments")
    revision = models.PositiveIntegerField()
    value = models.CharField(max_length=60)
    unit = models.CharField(max_length=20)
    target = models.CharField(max_length=40, blank=True)  # "[8, 15]"
    hours_since_dose = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.JSONField(default=dict)  # {en, zh}
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "revision"], name="trough_assessed_once")]
        indexes = [models.Index(fields=["subject", "-id"], name="trough_subject")]

    def __str__(self) -> str:
        return f"{self.value} {self.unit}: {self.verdict}"
