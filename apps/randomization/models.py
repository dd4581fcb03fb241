"""Schemes, sealed lists and allocations. The arm is a column of nothing else."""

import uuid

from django.db import models

from apps.studies.models import Study
from apps.subjects.models import Subject


class Scheme(models.Model):
    """How a study allocates. Live schemes are only ever made longer; ``commitment`` is SHA-256 of nonce and whole list."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="scheme")
    method = models.CharField(max_length=30)  # permuted_blocks, single_arm
    config = models.JSONField()
    commitment = models.CharField(max_length=64, blank=True)
    # nonce and seed, encrypted by a key that the database does not hold
    sealed_secret = models.BinaryField(null=True)
    live_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.study.slug}: {self.method}"


class Slot(models.Model):
    """One line of a stratum's list. Its arm is encrypted until the study is unblinded; its id tells no order."""

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
