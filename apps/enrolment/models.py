"""Eligibility as it was assessed: each criterion's verdict with the values used, on that day, by that version."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Study, StudyVersion
from apps.subjects.models import Subject


class Verdict(models.TextChoices):
    MET = "met", _("Met")
    NOT_MET = "not_met", _("Not met")
    NOT_ASSESSABLE = "not_assessable", _("Not assessable")


class EligibilityAssessment(models.Model):
    """Insert-only. ``results``: [{code, kind, verdict, used: [[item, value], …], question: code|null}, …].

    An inclusion criterion is met when its rule is true; an exclusion criterion when its rule is false (nothing excludes).
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="assessments")
    version = models.ForeignKey(StudyVersion, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    results = models.JSONField()
    confirmed = models.BooleanField()  # an investigator stands for it with a signature
    note = models.TextField(blank=True)
    waived = models.JSONField(default=dict)  # criterion → why it may pass, where the protocol allows that
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["subject", "-id"], name="assessment_newest")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.verdict}"


class Departure(models.Model):
    """Why a subject left: screen failure, withdrawal, loss, completion. Insert-only.

    The newest counts: a correction of the day is a row more, and one that takes the step back is.
    """

    class Kind(models.TextChoices):
        SCREEN_FAILURE = "screen_failure", _("Screen failure")
        WITHDRAWAL = "withdrawal", _("Withdrawal of consent")
        LOST = "lost", _("Lost to follow-up")
        DEATH = "death", _("Death")
        COMPLETION = "completion", _("Completion")
        OFF_TREATMENT = "off_treatment", _("End of treatment")
        TAKEN_BACK = "taken_back", _("Taken back")  # of the one before: it was recorded by mistake

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="departures")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    on = models.DateField()
    reason = models.TextField()
    scope = models.CharField(max_length=20, blank=True)  # of a withdrawal: treatment, follow_up, data_use
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.subject}: {self.kind}"
