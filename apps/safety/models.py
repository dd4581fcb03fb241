"""Grades that the engine gave and flags that wait for a person."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.capture.models import FormRecord
from apps.studies.models import Study
from apps.subjects.models import Subject


class Grade(models.Model):
    """A result graded by CTCAE, with everything that gave the grade frozen beside it. A regrade adds a row. Insert-only.

    ``grade`` null: ungradable, for the ``reason`` given; that is not grade 0.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="grades")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="grades")
    revision = models.PositiveIntegerField()
    item_oid = models.CharField(max_length=40)
    analyte = models.CharField(max_length=40)
    term = models.CharField(max_length=80)  # our slug of the NCI term
    ctcae_version = models.CharField(max_length=5)
    value = models.CharField(max_length=60)
    unit = models.CharField(max_length=40)
    low = models.DecimalField(max_digits=16, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=16, decimal_places=6, null=True)
    baseline = models.CharField(max_length=60, blank=True)
    baseline_grade = models.PositiveSmallIntegerField(null=True)
    grade = models.PositiveSmallIntegerField(null=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "revision", "item_oid", "term", "ctcae_version"], name="grade_once")
        ]
        indexes = [models.Index(fields=["subject", "term", "-id"], name="grade_subject_term")]

    def __str__(self) -> str:
        return f"{self.term}: {'–' if self.grade is None else self.grade}"


class FlagQuerySet(models.QuerySet):
    def visible_to(self, actor):
        return self.filter(subject__in=Subject.objects.visible_to(actor))


class Flag(models.Model):
    """Something a person must look at: a trough, a grade, a serious event, eligibility that changed."""

    class Severity(models.TextChoices):
        INFO = "info", pgettext_lazy("severity of a flag", "Note")
        WARNING = "warning", _("Warning")
        CRITICAL = "critical", _("Critical")

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("a flag", "Open")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        RESOLVED = "resolved", _("Resolved")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="flags")
    record = models.ForeignKey(FormRecord, null=True, on_delete=models.PROTECT, related_name="flags")
    item_oid = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=40)  # trough_above, trough_below, ctcae, sae, eligibility, protocol_question
    # one flag per occasion however often the handler runs, e.g. "trough:<record>:<revision>:<item>"
    occasion = models.CharField(max_length=160)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    text = models.JSONField()  # {en, zh}
    audience = models.CharField(max_length=20, blank=True)  # "unblinded": what would give the arm away
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.OPEN)
    raised_at = models.DateTimeField(auto_now_add=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "occasion"], name="flag_once")]
        indexes = [models.Index(fields=["study", "status", "-id"], name="flag_board")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.kind}"


class FlagStep(models.Model):
    """What a person did about a flag. Insert-only."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=14)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.step} by {self.actor_name}"
