"""Lines of the close-out check list that are let stand, with why."""

from django.db import models

from apps.studies.models import Study
from apps.subjects.models import Subject


class Waiver(models.Model):
    """A line that may stand when the subject (or, without one, the study) is locked. Insert-only.

    It covers the ``number`` that stood then: what comes later stands again.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.PROTECT, related_name="+")
    line = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    reason = models.TextField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["study", "subject", "line", "-id"], name="waiver_scope")]

    def __str__(self) -> str:
        return f"{self.line}: {self.number}"
