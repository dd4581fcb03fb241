"""The ledger: one insert-only table of events in hash chains, signed seals of the chains, and the outbox.

Ids, not foreign keys: the ledger outlives what it speaks of and knows no app above it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Chain(models.Model):
    """Head of one chain: ``system`` or ``study:<id>``. Only ``audit_append()`` in the database moves it."""

    key = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField(default=0)
    head_hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.key} @ {self.seq}"


class Event(models.Model):
    """One fact that happened. ``hash`` = SHA-256(``prev_hash`` ‖ UTF-8 of ``body``); the columns repeat the body."""

    id = models.UUIDField(primary_key=True)
    chain = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    prev_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    body = models.TextField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()
    study_id = models.BigIntegerField(null=True)
    site_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=40)
    action = models.CharField(max_length=80)
    audience = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="event_position")]
        indexes = [
            models.Index(fields=["object_type", "object_id", "seq"], name="event_object"),
            models.Index(fields=["subject_id", "seq"], name="event_subject"),
            models.Index(fields=["chain", "action", "seq"], name="event_action"),
            models.Index(fields=["chain", "actor_id", "seq"], name="event_actor"),
            models.Index(fields=["chain", "at"], name="event_at"),
            models.Index(fields=["chain", "site_id", "seq"], name="event_site"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq} {self.action}"


class ItemChange(models.Model):
    """A view: one row an item that changed, unnested from the events' bodies. ``old`` and ``new`` are JSON values."""

    event_id = models.UUIDField(primary_key=True)  # with ``position`` unique; Django wants one column
    position = models.BigIntegerField()
    chain = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()
    study_id = models.BigIntegerField(null=True)
    site_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=40)
    action = models.CharField(max_length=80)
    audience = models.CharField(max_length=20, blank=True)
    reason = models.TextField()
    item = models.TextField()
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "audit_item_change"

    def __str__(self) -> str:
        return f"{self.chain} {self.seq} {self.item}"


class Seal(models.Model):
    """A chain's position and hash, signed (Ed25519) by a key that the database does not hold. Insert-only."""

    chain = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    public_key = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["chain", "seq"], name="seal_position")]

    def __str__(self) -> str:
        return f"{self.chain} sealed @ {self.seq}"


class Outbox(models.Model):
    """An event that handlers wait for, written in the event's own transaction."""

    event_id = models.UUIDField(primary_key=True)
    action = models.CharField(max_length=80)
    study_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expanded = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="outbox_waiting", condition=models.Q(expanded=False)),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.event_id}"


class Delivery(models.Model):
    """One handler's work on one event. Completed only by the attempt that holds the lease."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        DEAD = "dead", _("Given up")

    event_id = models.UUIDField()
    handler = models.CharField(max_length=120)
    study_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    run_after = models.DateTimeField()
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "handler"], name="delivery_once")]
        indexes = [
            models.Index(fields=["run_after"], name="delivery_open", condition=models.Q(status__in=["waiting", "running"]))
        ]

    def __str__(self) -> str:
        return f"{self.handler} for {self.event_id}: {self.status}"


class PeriodicRun(models.Model):
    """A period of a periodic job, claimed once however many beats run."""

    job = models.CharField(max_length=80)
    period = models.CharField(max_length=40)
    claimed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "period"], name="periodic_run_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.period}"
