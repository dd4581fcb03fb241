"""A subject's visits: planned from the definition, allowed within a window, booked, and what really happened."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Study, hold_field
from apps.subjects.models import Subject


class SubjectVisitQuerySet(models.QuerySet):
    def visible_to(self, actor):
        return self.filter(subject__in=Subject.objects.visible_to(actor))


class SubjectVisit(models.Model):
    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        MISSED = "missed", _("Missed")
        SKIPPED = "skipped", _("Skipped")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="visits")
    code = models.CharField(max_length=20)  # of the planned visit
    cycle = models.PositiveIntegerField(default=0)  # 1, 2, … within a repeating cycle
    occurrence = models.PositiveIntegerField(default=1)  # of an unscheduled visit
    position = models.PositiveIntegerField(default=0)
    target = models.DateField(null=True, blank=True)
    earliest = models.DateField(null=True, blank=True)
    latest = models.DateField(null=True, blank=True)
    booked_on = models.DateField(null=True, blank=True)
    actual = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PLANNED)
    status_reason = models.TextField(blank=True)
    audience = models.CharField(max_length=20, blank=True)  # "unblinded": hidden from the blinded
    hold = hold_field()

    objects = SubjectVisitQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "code", "cycle", "occurrence"], name="subject_visit_once")]
        indexes = [
            models.Index(fields=["study", "status", "target"], name="visit_due"),
            models.Index(fields=["subject", "position", "cycle"], name="visit_order"),
            # the rail counts what is overdue on every page: it may not read the visits that are not
            models.Index(
                fields=["study", "latest"], name="visit_overdue", condition=models.Q(status="planned", actual=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}{f' {self.cycle}' if self.cycle else ''}"
