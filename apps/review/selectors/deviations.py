"""Deviations as an actor may see them: the list with its filters, counts by site, rows for the file."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.common.text import in_language
from apps.review.models import Deviation
from apps.studies.access import is_blinded
from apps.studies.models import Study
from apps.subjects.models import Subject

State = Deviation.State
WAITING = (State.PROPOSED, State.OPEN)
EXPORT_HEADS = (
    *("SITEID", "SUBJID", "VISIT", "KIND", "SEVERITY", "STATE", "HAPPENED", "TEXT", "CAUSE", "CORRECTIVE"),
    *("PREVENTIVE", "ETHICSDATE", "FOUNDBY", "FOUNDUTC", "OCCASION"),
)


def deviations_for(actor: Actor, study: Study) -> QuerySet[Deviation]:
    found = Deviation.objects.visible_to(actor, study, is_blinded=is_blinded(actor, study))
    return found.select_related("site", "subject", "visit")


def found_deviations(actor: Actor, study: Study, asked: Mapping[str, str]) -> QuerySet[Deviation]:
    """What the address asks for; those that wait unless a state is named. A filter that is none filters nothing."""
    found = deviations_for(actor, study)
    state = asked.get("state", "")
    if state in State.values:
        found = found.filter(state=state)
    elif state != "all":
        found = found.filter(state__in=WAITING)
    for name, path, known in (
        ("kind", "kind", Deviation.Kind.values),
        ("severity", "severity", Deviation.Severity.values),
    ):
        if asked.get(name) in known:
            found = found.filter(**{path: asked[name]})
    for name, path in (("site", "site__code"), ("subject", "subject__number")):
        if value := asked.get(name, "").replace("\x00", "").strip()[:40]:
            found = found.filter(**{path: value})
    return found


def counts_by_site(actor: Actor, study: Study) -> list[Any]:
    """Of each site: proposed, open, reportable and not closed; one statement."""
    rows = deviations_for(actor, study).select_related(None).order_by().values(code=F("site__code"))
    counted = rows.annotate(
        proposed=Count("pk", filter=Q(state=State.PROPOSED)),
        open=Count("pk", filter=Q(state=State.OPEN)),
        reportable=Count("pk", filter=Q(state=State.OPEN, severity=Deviation.Severity.REPORTABLE)),
    )
    return list(counted.filter(Q(proposed__gt=0) | Q(open__gt=0)).order_by("code"))


def get_deviation_for(actor: Actor, study: Study, pk: int) -> Deviation:
    found = deviations_for(actor, study).filter(pk=pk).first()
    if found is None:
        raise NotVisible
    return found


def unsettled(study: Study, subjects: QuerySet[Subject]) -> int:
    """For the close-out list."""
    return Deviation.objects.filter(study=study, subject__in=subjects, state__in=WAITING).count()


def export_rows(found: QuerySet[Deviation]) -> Iterator[list[Any]]:
    for one in found.order_by("pk").iterator(chunk_size=500):
        yield [
            *(one.site.code, one.subject.number if one.subject else "", one.visit.code if one.visit else "", one.kind),
            *(one.severity, one.state, one.happened_on or "", in_language(one.text), one.cause, one.corrective_action),
            *(one.preventive_action, one.ethics_reported_on or "", one.found_by_name, f"{one.found_at:%Y-%m-%dT%H:%M:%SZ}"),
            one.occasion,
        ]
