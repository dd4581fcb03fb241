"""Images that a masked assessor reads: known to them by a random code, not by subject and visit."""

from django.db import models

from apps.studies.models import Study
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit


class Reading(models.Model):
    """One visit's images, to be scored. Insert-only; the score is the record of the form that the protocol names."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    visit = models.OneToOneField(SubjectVisit, on_delete=models.PROTECT, related_name="reading")
    code = models.CharField(max_length=12, db_collation="C")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="reading_code")]

    def __str__(self) -> str:
        return self.code
