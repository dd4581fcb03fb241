"""What enrolment does after a record was saved."""

from apps.common.actors import SYSTEM
from apps.enrolment.services import open_due_branches
from apps.subjects.models import Subject


def open_branches(event) -> None:
    """Conditional visits whose condition the saved data now meet."""
    subject = Subject.objects.select_related("site", "study").get(pk=event.subject_id)
    open_due_branches(SYSTEM, subject)
