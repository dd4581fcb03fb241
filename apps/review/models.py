"""What reviewers did to data: verification and signatures, each bound to the values and revisions it saw."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.capture.models import FormRecord
from apps.studies.models import Study
from apps.subjects.models import Subject


class Verification(models.Model):
    """Current while the item's value hash and the revision at which it last changed both match. Insert-only."""

    class Kind(models.TextChoices):
        SDV = "sdv", _("Source data verification")
        DATA_MANAGEMENT = "dm", _("Data management review")
        MEDICAL = "medical", _("Medical review")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="verifications")
    item_oid = models.CharField(max_length=80)  # line items as GROUP/key/ITEM
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SDV)
    value_hash = models.CharField(max_length=64)
    item_revision = models.PositiveIntegerField()
    withdrawn = models.BooleanField(default=False)  # a row that takes the mark back, with its reason
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["record", "item_oid", "kind", "-id"], name="verification_newest")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.item_oid} {self.kind}"


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
    # [[record id, revision, SHA-256 of its data], …] as signed
    signed = models.JSONField()
    signed_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField()
    actor_name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["subject", "level", "object_id"], name="signature_object")]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.meaning}"
