"""What is held in a study, as far as the actor may see it."""

from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.access import sites_visible_to
from apps.studies.models import Hold, Site, Study
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit

SHOWN = 200
Held = Study | Site | Subject | SubjectVisit | FormRecord


def held_in(actor: Actor, study: Study) -> list[Held]:
    """The study, its sites and its subjects that are frozen or locked; of subjects the newest 200."""
    held: list[Held] = [study] if study.hold else []
    held += sites_visible_to(actor, study.pk).exclude(hold=Hold.NONE)
    held += Subject.objects.visible_to(actor).filter(study=study).exclude(hold=Hold.NONE).order_by("-pk")[:SHOWN]
    return held


def target_of(actor: Actor, study: Study, *, site: str, subject: str, unknown: str) -> Held:
    """The subject with this number, else the site, else the study; DomainError (``unknown``) for a number not seen."""
    if subject:
        found = Subject.objects.visible_to(actor).filter(study=study, number=subject.replace("\x00", "")).first()
        if found is None:
            raise DomainError(unknown, code="unknown_subject", item="subject")
        return found
    if site:
        return Site.objects.visible_to(actor).get(study=study, code=site)
    return study
