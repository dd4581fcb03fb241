"""Departures from the protocol: proposed by the system or reported by a person, judged, settled; never deleted."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.common.actors import Actor
from apps.studies.access import sites_visible_to
from apps.studies.models import Site, Study
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit


class DeviationQuerySet(models.QuerySet["Deviation"]):
    def visible_to(self, actor: Actor, study: Study, *, is_blinded: bool) -> "DeviationQuerySet":
        """At the actor's sites; what would give the arm away is absent for the blinded."""
        found = self.filter(study=study, site__in=sites_visible_to(actor, study.pk))
        return found.filter(audience="") if is_blinded else found


class Deviation(models.Model):
    """``occasion`` names what the system saw, once for a study (``window:<visit>``); of a person's report it is empty.

    A proposal is confirmed or dismissed by a person; while nobody has, the system takes it back when the fact is
    corrected. A reportable one closes only with the day on which the ethics committee was told.
    """

    class Kind(models.TextChoices):
        WINDOW = "window", _("Visit outside its window or missed")
        ELIGIBILITY = "eligibility", _("Eligibility")
        DOSE = "dose", _("Dose")
        CONSENT = "consent", _("Consent")
        PROCEDURE = "procedure", _("Procedure")
        OTHER = "other", pgettext_lazy("a deviation", "Other")

    class Severity(models.TextChoices):
        MINOR = "minor", _("Minor")
        MAJOR = "major", _("Major")
        REPORTABLE = "reportable", _("Reportable")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        OPEN = "open", pgettext_lazy("a deviation", "Open")
        CLOSED = "closed", pgettext_lazy("a deviation", "Closed")
        DISMISSED = "dismissed", _("Dismissed")
        WITHDRAWN = "withdrawn", _("Taken back by the system")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.PROTECT, related_name="deviations")
    visit = models.ForeignKey(SubjectVisit, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    severity = models.CharField(max_length=12, choices=Severity.choices, default=Severity.MINOR)
    state = models.CharField(max_length=10, choices=State.choices)
    occasion = models.CharField(max_length=80, blank=True)
    text = models.JSONField()  # {en, zh} of the system; {"en": typed text} of a person
    happened_on = models.DateField(null=True)
    cause = models.TextField(blank=True)
    corrective_action = models.TextField(blank=True)
    preventive_action = models.TextField(blank=True)
    ethics_reported_on = models.DateField(null=True)
    audience = models.CharField(max_length=20, blank=True)
    found_at = models.DateTimeField()
    found_by_id = models.BigIntegerField(null=True)
    found_by_name = models.TextField()

    objects = DeviationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "occasion"], name="deviation_once", condition=~models.Q(occasion=""))
        ]
        indexes = [models.Index(fields=["study", "state", "-id"], name="deviation_list")]

    def __str__(self) -> str:
        return f"{self.subject or self.site}: {self.kind}"
