"""Questions for the sponsor that a subject's data raise: flagged for a decision, never decided by the system."""

from apps.audit.ledger import ledger
from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.safety.models import Flag
from apps.safety.permissions import HANDLE_FLAGS
from apps.safety.services.flags import raise_flag
from apps.studies.access import require
from apps.studies.protocol import protocol_for_site
from apps.subjects.models import Subject


def flag_questions(actor: Actor, subject: Subject) -> list[Flag]:
    """Raise a flag for each question of effect "flag" whose condition the data now meet; once a subject and question."""
    require(actor, HANDLE_FLAGS, study_id=subject.study_id, site_id=subject.site_id)
    protocol = protocol_for_site(subject.site)
    asked = [
        question
        for question in protocol.questions
        if question.definition.effect == "flag" and question.rule and question.definition.decided is None
    ]
    if not asked:
        return []
    scope = SubjectScope(subject, protocol)
    with ledger(actor, subject.study_id):
        return [
            raise_flag(
                actor,
                subject,
                kind="protocol_question",
                occasion=f"question:{subject.pk}:{question.definition.code}",
                severity=Flag.Severity.WARNING,
                text=question.definition.text.model_dump(),
            )
            for question in asked
            if question.rule and question.rule.evaluate(scope) is True
        ]
