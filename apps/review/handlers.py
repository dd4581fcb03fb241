"""What review does after a record was saved."""

from apps.capture.models import FormRecord
from apps.common.actors import SYSTEM
from apps.review.services.marks import ask_of_hidden_marks


def ask_of_hidden(event) -> None:
    """A value that was verified and is hidden now no longer counts: somebody has to look at it."""
    ask_of_hidden_marks(SYSTEM, FormRecord.objects.get(pk=event.object_id))
