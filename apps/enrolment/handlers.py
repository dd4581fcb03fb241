"""What enrolment does after a record was saved."""

from apps.common.actors import SYSTEM
from apps.enrolment.proposals import propose_from_eligibility
from apps.enrolment.services import open_due_branches
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of
from apps.visits.models import SubjectVisit


def open_branches(event) -> None:
    """Conditional visits whose condition the saved data now meet."""
    subject = Subject.objects.select_related("site", "study").get(pk=event.subject_id)
    open_due_branches(SYSTEM, subject)


def propose_eligibility(event) -> None:
    """An enrolled subject who, by the data as of the enrolment, did not meet a criterion: a deviation to be judged."""
    subject = Subject.objects.select_related("site", "study").get(pk=event.subject_id)
    if not _is_later(event, subject):
        propose_from_eligibility(SYSTEM, subject)


def _is_later(event, subject: Subject) -> bool:
    """Whether the event is a save at a visit after the enrolment, which says nothing of the eligibility."""
    enrolled = milestones_of(subject).first("enrolment")
    visit = SubjectVisit.objects.filter(pk=event.details.get("visit") or 0).first()
    day = (visit.actual or visit.target) if visit is not None else None
    return enrolled is None or (day is not None and day > enrolled)
