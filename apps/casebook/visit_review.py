"""What stands under a visit: marking, signing and holding all of its forms at once."""

import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.casebook.record_review import hold_steps
from apps.casebook.selectors.places import subject_url
from apps.casebook.selectors.reader import Reader
from apps.review.permissions import FREEZE, LOCK, MARKING, SIGN
from apps.review.selectors.signatures import records_to_sign
from apps.visits.models import SubjectVisit


@dataclass(frozen=True)
class VisitReview:
    """``seen``: record id → revision as this page shows it, so that one marks what one saw."""

    url: str
    seen: str
    kinds: list[tuple[str, str]]
    may_sign: bool
    steps: list[tuple[str, str]]


def visit_review(reader: Reader, visit: SubjectVisit) -> VisitReview:
    seen = {record.pk: record.revision for record in records_to_sign(reader.actor, visit)}
    names = {"sdv": _("Verify the visit"), "medical": _("Medically reviewed"), "data": _("Reviewed by data management")}
    return VisitReview(
        url=subject_url(visit.subject, "casebook:visit", visit_id=visit.pk),
        seen=json.dumps(seen),
        kinds=[(kind, names[kind]) for kind, right in MARKING.items() if seen and reader.may(right)],
        may_sign=bool(seen) and reader.may(SIGN),
        steps=hold_steps(visit.hold, may_freeze=reader.may(FREEZE), may_lock=reader.may(LOCK)),
    )
