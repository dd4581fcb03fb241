"""Data that changed after an investigator confirmed the eligibility, so that a criterion says something else now."""

import hashlib

from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.wording import bilingual
from apps.common.actors import Actor
from apps.enrolment.models import Verdict
from apps.enrolment.selectors import assess_now, confirmed_assessment
from apps.safety.models import Flag
from apps.safety.permissions import HANDLE_FLAGS
from apps.safety.services.flags import raise_flag
from apps.studies.access import require
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject

BEFORE_TREATMENT = (Subject.Status.SCREENED, Subject.Status.ENROLLED)


def flag_changed_eligibility(actor: Actor, subject: Subject) -> Flag | None:
    """By the version that was confirmed. None while each criterion says what it said; once for each different outcome.

    After the allocation what is found is a deviation (``apps.enrolment.proposals``).
    """
    require(actor, HANDLE_FLAGS, study_id=subject.study_id, site_id=subject.site_id)
    confirmed = confirmed_assessment(subject) if subject.status in BEFORE_TREATMENT else None
    if confirmed is None:
        return None
    before = {result["code"]: result["verdict"] for result in confirmed.results}
    now = {result.code: result.verdict for result in assess_now(subject, get_protocol(confirmed.version_id)).results}
    changed = [(code, before.get(code), verdict) for code, verdict in now.items() if before.get(code) != verdict]
    if not changed:
        return None
    mark = hashlib.sha256(repr(changed).encode()).hexdigest()[:12]
    with ledger(actor, subject.study_id):
        return raise_flag(
            actor,
            subject,
            kind="eligibility",
            occasion=f"eligibility:{confirmed.pk}:{mark}",
            severity=Flag.Severity.WARNING,
            text=bilingual(lambda: _said(changed)),
        )


def _said(changed: list[tuple[str, str | None, str]]) -> str:
    lines = ", ".join(
        f"{code} {Verdict(old).label if old else '–'} → {Verdict(new).label}".lower().replace(code.lower(), code)
        for code, old, new in changed
    )
    return _("Data changed after eligibility was confirmed: %(criteria)s.") % {"criteria": lines}
