"""Schemes, sealed lists, allocations and what happened to them. The arm is a column of nothing else."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.studies.models import Study
from apps.subjects.models import Subject


class Scheme(models.Model):
    """How a study allocates. Live schemes are only ever made longer; ``commitment`` is SHA-256 of nonce and whole list.

    A study with a single arm needs none.
    """

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="scheme")
    method = models.CharField(max_length=30)  # a name of METHODS
    config = models.JSONField()
    commitment = models.CharField(max_length=64, blank=True)
    # nonce, seed and imported lists, encrypted by a key that the database does not hold
    sealed_secret = models.BinaryField(null=True)
    live_at = models.DateTimeField(null=True)
    revealed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.study.slug}: {self.method}"


class Slot(models.Model):
    """One line of a stratum's list. Its arm is encrypted; its id tells no order.

    A method that draws at the moment of allocation makes it then, in the stratum ``all``: used as soon as it is there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="slots")
    stratum = models.CharField(max_length=120)
    position = models.PositiveIntegerField()
    sealed_arm = models.BinaryField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scheme", "stratum", "position"], name="slot_position")]
        indexes = [
            models.Index(fields=["scheme", "stratum", "position"], name="slot_next", condition=models.Q(used_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.stratum} {self.position}"


class Allocation(models.Model):
    """Which arm a subject is in. Insert-only; read only through ``visible allocation`` rights."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="allocation")
    slot = models.OneToOneField(Slot, null=True, on_delete=models.PROTECT, related_name="allocation")
    stratum = models.CharField(max_length=120, blank=True)
    strata_values = models.JSONField(default=dict)
    arm = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    def __str__(self) -> str:
        return f"{self.subject}"


class Said(models.Model):
    """What a person said about a subject's allocation, and when. Insert-only."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="%(class)ss")
    reason = models.TextField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        abstract = True


class Misrandomization(Said):
    """An allocation that should not have been made as it was. It stands; this says what was wrong."""

    class Kind(models.TextChoices):
        WRONG_STRATUM = "wrong_stratum", _("Allocated in a wrong stratum")
        INELIGIBLE = "ineligible", _("Found not eligible afterwards")
        WRONG_SUBJECT = "wrong_subject", _("Another subject was meant")
        OTHER = "other", pgettext_lazy("a wrong randomization", "Something else")

    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)

    def __str__(self) -> str:
        return f"{self.subject}: {self.kind}"


class Unblinding(Said):
    """In an emergency a blinded person was shown a subject's arm; the arm itself stands in the allocation."""

    class Category(models.TextChoices):
        EMERGENCY = "emergency", _("Medical emergency: treatment depends on it")
        OVERDOSE = "overdose", _("Overdose or poisoning")
        PREGNANCY = "pregnancy", _("Pregnancy")
        REPORT = "report", _("Expedited report to the authority")
        OTHER = "other", pgettext_lazy("an unblinding", "Something else")

    category = models.CharField(max_length=16, choices=Category.choices)

    def __str__(self) -> str:
        return f"{self.subject}: {self.category}"
