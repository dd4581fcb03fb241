"""Monitoring visits as an actor may see them: those of their sites."""

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from pydantic_core import from_json

from apps.audit.chain import chain_of
from apps.audit.models import Event
from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.review.models import Finding, MonitoringVisit
from apps.studies.access import sites_visible_to
from apps.studies.models import Site, Study


def monitoring_for(actor: Actor, study: Study) -> QuerySet[MonitoringVisit]:
    """With how many findings wait (``waiting``) and how many are late (``late``)."""
    visits = MonitoringVisit.objects.filter(study=study, site__in=sites_visible_to(actor, study.pk)).select_related("site")
    waiting = Q(findings__query=None, findings__state=Finding.State.OPEN)
    return visits.annotate(
        waiting=Count("findings", filter=waiting),
        late=Count("findings", filter=waiting & Q(findings__due_on__lt=timezone.localdate())),
    )


def get_monitoring_for(actor: Actor, study: Study, pk: int) -> MonitoringVisit:
    found = monitoring_for(actor, study).filter(pk=pk).first()
    if found is None:
        raise NotVisible
    return found


def recent_monitoring(site: Site) -> list[MonitoringVisit]:
    """The site's newest visits, to which a query may be tied."""
    return list(MonitoringVisit.objects.filter(site=site).select_related("site").order_by("-on", "-pk")[:3])


def findings_of(visit: MonitoringVisit) -> list[Finding]:
    return list(visit.findings.select_related("subject", "query__record__visit"))


def items_seen(visit: MonitoringVisit) -> int:
    """How many items of the site were verified on the days of the visit, as the ledger tells."""
    events = Event.objects.filter(
        chain=chain_of(visit.study_id),
        action="review.mark.given",
        site_id=visit.site_id,
        at__date__gte=visit.on,
        at__date__lte=visit.until or visit.on,
    )
    return sum(len(from_json(body)["details"]["paths"]) for body in events.values_list("body", flat=True))
