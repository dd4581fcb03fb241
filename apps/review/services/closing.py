"""Letting a line of the close-out check list stand, with why."""

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.review.models import Waiver
from apps.review.permissions import WAIVE
from apps.review.selectors.closing import Scope, check_list, standing, study_of
from apps.studies.access import require, require_everywhere
from apps.studies.models import Study
from apps.subjects.models import Subject


def waive_line(actor: Actor, scope: Study | Subject, line: str, *, reason: str) -> Waiver:
    """Let what stands in a line now stand when the subject, or the study, is locked; what comes later stands again."""
    _require(actor, scope)
    reason = need_reason(reason)
    study = study_of(scope)
    subject = scope if isinstance(scope, Subject) else None
    with ledger(actor, study.pk) as entry:
        found = next((one for one in check_list(scope) if one.code == line), None)
        if found is None or not found.stands:
            raise DomainError(_("Nothing stands in this line."), code="nothing", item="line")
        waiver = Waiver.objects.create(
            study=study,
            subject=subject,
            line=line,
            number=found.number,
            reason=reason,
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        entry(
            action="review.closing.waived",
            obj=waiver,
            label=f"{subject.number if subject else study.slug}: {line}",
            site_id=subject.site_id if subject else None,
            subject_id=subject.pk if subject else None,
            changes=[(line, None, found.number)],
            reason=reason,
        )
    return waiver


def refuse_unfinished(scope: Scope) -> None:
    """DomainError naming every line that stands; called before a subject, a site or the study is locked."""
    lines = standing(check_list(scope))
    if lines:
        raise DomainError(
            _("It cannot be locked while this stands: %(lines)s. Settle it, or let it stand with a reason.")
            % {"lines": "; ".join(f"{line.label} ({line.number})" for line in lines)},
            code="unfinished",
            details={"lines": [line.code for line in lines]},
        )


def _require(actor: Actor, scope: Study | Subject) -> None:
    if isinstance(scope, Subject):
        require(actor, WAIVE, study_id=scope.study_id, site_id=scope.site_id)
    else:
        require_everywhere(actor, WAIVE, study_id=scope.pk)
