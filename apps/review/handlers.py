"""What review does after a record was saved."""

from apps.capture.models import FormRecord
from apps.common.actors import SYSTEM
from apps.review.services.marks import ask_of_hidden_marks
from apps.review.services.proposals import propose_from_consent, propose_from_dates
from apps.review.services.readings import open_reading
from apps.subjects.models import Subject


def ask_of_hidden(event) -> None:
    """A value that was verified and is hidden now no longer counts: somebody has to look at it."""
    ask_of_hidden_marks(SYSTEM, FormRecord.objects.get(pk=event.object_id))


def open_readings(event) -> None:
    """Imaging was recorded: the masked assessor has something to read."""
    record = FormRecord.objects.select_related("subject__site", "subject__study", "visit").get(pk=event.object_id)
    open_reading(SYSTEM, record)


def propose_deviations(event) -> None:
    """A date of a visit or of a fact has changed: what the protocol says of it is decided anew."""
    propose_from_dates(SYSTEM, Subject.objects.select_related("site", "study").get(pk=event.subject_id))


def propose_of_consent(event) -> None:
    """A record, a dated fact or a version of the site's consent form has changed: what stands without a valid consent."""
    about = {"pk": event.subject_id} if event.subject_id else {"site_id": event.site_id}
    for subject in Subject.objects.filter(**about).select_related("site", "study").order_by("pk"):
        propose_from_consent(SYSTEM, subject)
