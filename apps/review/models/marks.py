"""What a reviewer has looked at: source data verification, medical review, data-management review."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.capture.models import FormRecord
from apps.studies.models import Study
from apps.subjects.models import Subject


class Mark(models.Model):
    """An item of a record (in a line ``GROUP/key/ITEM``) as a reviewer saw it; one row a kind and path.

    It is current while the item has not changed since ``revision``, its last change then: a change that is reverted
    drops it as well, and nothing has to invalidate it. Earlier marks are in the ledger. ``value`` is what was seen.
    """

    class Kind(models.TextChoices):
        SDV = "sdv", _("Source data verification")
        MEDICAL = "medical", _("Medical review")
        DATA = "data", _("Data review")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    path = models.CharField(max_length=120)
    revision = models.PositiveIntegerField()
    value = models.JSONField(null=True)
    # taken back by a reviewer; the row stays
    withdrawn = models.BooleanField(default=False)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "kind", "path"], name="mark_once")]
        indexes = [models.Index(fields=["study", "kind", "id"], name="mark_list")]

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"
