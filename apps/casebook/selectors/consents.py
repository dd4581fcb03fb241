"""Consent forms of the sites, and who has to agree again: by a new version, or by an age that was reached on study."""

from dataclasses import dataclass
from datetime import date

from apps.capture.models import FormRecord
from apps.casebook.selectors.grid import full_date
from apps.common.actors import Actor
from apps.common.dates import add_months
from apps.studies.models import ConsentVersion, Site, Study
from apps.studies.protocol import Protocol, get_protocol, site_today
from apps.subjects.consent import Standing, consent_on, forms_of
from apps.subjects.milestones import Milestones
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of_many
from apps.subjects.status import LEFT

SHOWN_AT_MOST = 500


@dataclass(frozen=True)
class Due:
    """``what``: again (a new version), assent (the child's), own (came of age); ``since``: from which day."""

    what: str
    since: date


def due_of(protocol: Protocol, subject: Subject, facts: Milestones, birth: date | None, today: date) -> list[Due]:
    """Nothing before the first consent, nor for who has left."""
    first = facts.first("consent")
    if first is None or subject.status in LEFT:
        return []
    found = []
    consent = consent_on(today, facts, forms_of(subject.site.consent_forms))
    if consent.standing == Standing.OUTDATED and consent.since is not None:
        found.append(Due("again", consent.since))
    plan = protocol.definition.consent
    if plan is None or birth is None:
        return found
    given = [first, *(on for _n, on in facts.all("reconsent"))]
    assenting, of_age = add_months(birth, 12 * plan.assent_from), add_months(birth, 12 * plan.own_from)
    if of_age <= today:
        if max(given) < of_age:
            found.append(Due("own", of_age))
    elif assenting <= today and facts.first("assent") is None and max(given) < assenting:
        found.append(Due("assent", assenting))
    return found


def due_list(actor: Actor, study: Study) -> list[tuple[Subject, list[Due]]]:
    """Subjects at the actor's sites for whom something is due, by number; three statements at any size."""
    if study.version_id is None:
        return []
    protocol = get_protocol(study.version_id)
    subjects = list(
        Subject.objects.visible_to(actor)
        .filter(study=study)
        .exclude(status__in=LEFT)
        .select_related("site")
        .order_by("number")
    )
    facts = milestones_of_many([subject.pk for subject in subjects])
    births = _births(protocol, study)
    found = [
        (subject, due_of(protocol, subject, facts[subject.pk], births.get(subject.pk), site_today(subject.site)))
        for subject in subjects
    ]
    return [(subject, due) for subject, due in found if due][:SHOWN_AT_MOST]


def _births(protocol: Protocol, study: Study) -> dict[int, date | None]:
    plan = protocol.definition.consent
    if plan is None:
        return {}
    records = FormRecord.objects.filter(study=study, form_oid=protocol.items[plan.birth_date].form_oid, inactive=False)
    stored = records.order_by("pk").values_list("subject_id", f"data__{plan.birth_date}")
    return {subject_id: full_date(value) for subject_id, value in stored}


def versions_of(actor: Actor, study: Study) -> list[ConsentVersion]:
    """By site, the newest first."""
    sites = Site.objects.visible_to(actor).filter(study=study)
    return list(
        ConsentVersion.objects.filter(site__in=sites).select_related("site").order_by("site__code", "-valid_from", "-pk")
    )
