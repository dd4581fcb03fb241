"""Site laboratories and their reference ranges. Analytes are data in `fixtures/library/analytes.yaml`."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.studies.models import Site, Study


class Laboratory(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="laboratories")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="laboratory_code")]

    def __str__(self) -> str:
        return self.name


class ReferenceRange(models.Model):
    """Limits of one analyte by sex and age, in the laboratory's unit, from a date. Ages in days, upper bound excluded."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    laboratory = models.ForeignKey(Laboratory, on_delete=models.PROTECT, related_name="ranges")
    analyte = models.CharField(max_length=40)
    sex = models.CharField(max_length=1, choices=[("M", _("Male")), ("F", _("Female")), ("", _("Both"))], blank=True)
    age_from_days = models.PositiveIntegerField(default=0)
    age_to_days = models.PositiveIntegerField(default=55_000)
    unit = models.CharField(max_length=40)
    low = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    high = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["laboratory", "analyte", "effective_from"], name="range_lookup")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low=None) | models.Q(high=None) | models.Q(low__lte=models.F("high")),
                name="range_low_below_high",
            ),
            models.CheckConstraint(condition=models.Q(age_from_days__lt=models.F("age_to_days")), name="range_ages"),
        ]

    def __str__(self) -> str:
        return f"{self.analyte} {self.low}–{self.high} {self.unit}"
