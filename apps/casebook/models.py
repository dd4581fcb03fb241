"""Printouts asked for and made."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.jobs import Job
from apps.studies.models import Site, Study
from apps.subjects.models import Subject


class Printout(Job):
    """A PDF, or a zip of one PDF a subject. ``subject`` and ``site`` say of whom; neither: of the whole study."""

    class Kind(models.TextChoices):
        CASEBOOK = "casebook", _("Casebook")
        BLANK = "blank", _("Blank CRF")
        ANNOTATED = "annotated", _("Annotated CRF")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10)
    blinded = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["study", "requested_by", "-id"], name="printout_list")]

    def __str__(self) -> str:
        of = self.subject or self.site or self.study.slug
        return f"{self.kind} {of}"

    @property
    def ending(self) -> str:
        return "zip" if self.kind == self.Kind.CASEBOOK and self.subject_id is None else "pdf"
