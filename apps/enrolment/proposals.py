"""Eligibility that turned out otherwise: proposed as a deviation, and taken back when the data are corrected again."""

from apps.capture.scope import SubjectScope, load_filled
from apps.common.actors import Actor
from apps.enrolment.assessing import assess
from apps.enrolment.models import Verdict
from apps.enrolment.selectors import confirmed_version
from apps.review.models import Deviation
from apps.review.services.deviations import propose_deviation, withdraw_proposal
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of


def propose_from_eligibility(actor: Actor, subject: Subject) -> list[Deviation]:
    """By the version that was confirmed, on the data of visits up to the enrolment: what came later says nothing of it."""
    version_id, enrolled = confirmed_version(subject), milestones_of(subject).first("enrolment")
    if version_id is None or enrolled is None:
        return []
    protocol = get_protocol(version_id)
    then = [
        one for one in load_filled(subject.pk) if one.form_oid in protocol.forms and (one.on is None or one.on <= enrolled)
    ]
    found = assess(subject, protocol, SubjectScope(subject, protocol, filled=then))
    texts = {criterion.definition.code: criterion.definition.text for criterion in protocol.criteria}
    changed = []
    for result in found.results:
        occasion = f"eligibility:{subject.pk}:{result.code}"
        if result.verdict == Verdict.NOT_MET:
            text = {
                language: f"{result.code}: {words}" for language, words in texts[result.code].model_dump().items() if words
            }
            changed.append(
                propose_deviation(
                    actor, subject, kind=Deviation.Kind.ELIGIBILITY, occasion=occasion, text=text, happened_on=enrolled
                )
            )
        else:
            changed.append(withdraw_proposal(actor, subject, occasion))
    return [deviation for deviation in changed if deviation is not None]
