"""Which visits are due or overdue, by the study's rules and the site's own day; one reminder an occasion."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.common.actors import SYSTEM
from apps.notifications import services, wording
from apps.notifications.models import Notice
from apps.studies.access import blinded_roles
from apps.studies.definition import ReminderRule
from apps.studies.models import Hold, Membership, Site, Study
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit

# a subject who left is reminded of no more
ACTIVE = (
    Subject.Status.SCREENED,
    Subject.Status.ENROLLED,
    Subject.Status.RANDOMIZED,
    Subject.Status.ON_TREATMENT,
    Subject.Status.OFF_TREATMENT,
)
STALE = timedelta(days=60)  # a visit longer past is on the lists, not worth a first mail


def remind(now: datetime | None = None) -> int:
    """Write every reminder that is due now and not written yet; returns how many. Safe to run at any time, twice."""
    now = now or timezone.now()
    written = 0
    for study in Study.objects.exclude(version=None).exclude(hold=Hold.LOCKED):
        rules = get_protocol(study.version_id).definition.reminders
        for site in Site.objects.filter(study=study):
            today = now.astimezone(ZoneInfo(site.time_zone)).date()
            for rule in rules:
                written += sum(_remind_of(study, site, rule, visit) for visit in _visits(site, rule, today))
    return written


def _visits(site: Site, rule: ReminderRule, today: date) -> Iterator[SubjectVisit]:
    visits = SubjectVisit.objects.filter(
        subject__site=site, subject__status__in=ACTIVE, status=SubjectVisit.Status.PLANNED, actual=None
    ).select_related("subject")
    if rule.code == "visit_due":
        visits = visits.filter(target__gte=today, target__lte=today + timedelta(days=rule.days))
    else:
        visits = visits.filter(latest__lt=today - timedelta(days=rule.days), latest__gte=today - STALE)
    return visits.order_by("pk").iterator(chunk_size=500)


def _remind_of(study: Study, site: Site, rule: ReminderRule, visit: SubjectVisit) -> int:
    day = visit.target if rule.code == "visit_due" else visit.latest
    occasion = f"{rule.code}:{visit.pk}:{day}"
    users = recipients(study, site.pk, {rule.role}, unblinded_only=bool(visit.audience))
    users = users.exclude(pk__in=Notice.objects.filter(occasion=occasion).values("user_id"))
    notices = services.notify(
        SYSTEM,
        study,
        users,
        kind=rule.code,
        occasion=occasion,
        say=getattr(wording, rule.code),
        args=(visit.subject.number, day),
        link=reverse("casebook:subject", args=[study.slug, visit.subject.number]),
        subject=visit.subject,
        language=site.language,
    )
    return len(notices)


def recipients(study: Study, site_id: int | None, roles: Collection[str], *, unblinded_only: bool = False) -> QuerySet[User]:
    """Active people who hold one of the roles at the site (None: for all sites); without the blinded where the notice could
    tell the arm."""
    held = Membership.objects.filter(study=study, ended_at=None)
    at_site = held.filter(role__in=roles, site__isnull=True)
    if site_id is not None:
        at_site |= held.filter(role__in=roles, site_id=site_id)
    users = User.objects.filter(is_active=True, pk__in=at_site.values("user_id"))
    if unblinded_only:
        users = users.exclude(pk__in=held.filter(role__in=blinded_roles(study.version_id or 0)).values("user_id"))
    return users.order_by("pk")
