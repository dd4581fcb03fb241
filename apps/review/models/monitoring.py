"""Monitoring visits to a site: who came when, what was looked at, what was found and is to be done."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.capture.models import Query
from apps.studies.models import Site, Study
from apps.subjects.models import Subject


class MonitoringVisit(models.Model):
    class Kind(models.TextChoices):
        INITIATION = "initiation", _("Initiation")
        ROUTINE = "routine", _("Routine")
        REMOTE = "remote", _("Remote")
        CLOSE_OUT = "close_out", _("Close-out visit")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        DONE = "done", _("Done")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="monitoring_visits")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    on = models.DateField()
    until = models.DateField(null=True)
    monitors = models.TextField()  # printed names
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    summary = models.TextField(blank=True)
    subjects = models.ManyToManyField(Subject, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["study", "-on", "-id"], name="monitoring_list")]

    def __str__(self) -> str:
        return f"{self.site.code} {self.on}"


class Finding(models.Model):
    """Something to be done after the visit: a query at an item, or an action of a role by a day."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("an action", "Open")
        DONE = "done", pgettext_lazy("an action", "Done")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(MonitoringVisit, on_delete=models.PROTECT, related_name="findings")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.PROTECT, related_name="+")
    query = models.ForeignKey(Query, null=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    assigned_role = models.CharField(max_length=30)
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    done_how = models.TextField(blank=True)
    done_by_name = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]
