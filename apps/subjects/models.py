"""The subject: a number, a status and dated facts. What was measured stands in records, identity nowhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Site, Study, hold_field


class SubjectQuerySet(models.QuerySet):
    def visible_to(self, actor):
        if actor.is_system:
            return self
        return self.filter(site__in=Site.objects.visible_to(actor))


class Subject(models.Model):
    class Status(models.TextChoices):
        SCREENED = "screened", _("In screening")
        SCREEN_FAILED = "screen_failed", _("Screen failed")
        ENROLLED = "enrolled", _("Enrolled")
        RANDOMIZED = "randomized", _("Randomized")
        ON_TREATMENT = "on_treatment", _("On treatment")
        OFF_TREATMENT = "off_treatment", _("Off treatment")
        COMPLETED = "completed", _("Completed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        LOST = "lost", _("Lost to follow-up")
        DIED = "died", _("Died")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="subjects")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="subjects")
    number = models.CharField(max_length=40, db_collation="C")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.SCREENED)
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="rescreenings")
    screened_on = models.DateField()
    hold = hold_field()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="subject_number")]
        indexes = [models.Index(fields=["site", "status"], name="subject_site_status")]

    def __str__(self) -> str:
        return self.number


class Milestone(models.Model):
    """A dated fact that visits are anchored on. A correction adds a row; the newest of a kind is in force."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="milestones")
    # consent, enrolment, randomization, first_dose, last_dose, dose_change, course_start, relapse, death, withdrawal …
    kind = models.CharField(max_length=40)
    # for kinds that happen more than once (courses, relapses): 1, 2, …
    occurrence = models.PositiveIntegerField(default=1)
    on = models.DateField(null=True)  # null: the fact was withdrawn by a correction
    event_id = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["subject", "kind", "occurrence", "-id"], name="milestone_newest")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.kind} {self.on}"


class SubjectTransfer(models.Model):
    """A subject went on at another site, casebook and number included. Insert-only."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="transfers")
    from_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    to_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    reason = models.TextField()
    at = models.DateTimeField()  # what was entered until then is the former site's part
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["from_site", "-id"], name="transfer_from")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.from_site.code} → {self.to_site.code}"


class Identity(models.Model):
    """Who a subject is, for its site alone: name, contact and hospital number, encrypted. Absent from every other page."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.subject}"
