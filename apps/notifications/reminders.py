"""Reminders of what is due, by the study's rules and the site's own day; one notice a person and occasion."""

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.common.actors import SYSTEM
from apps.notifications import services, wording
from apps.notifications.due import FINDERS, Due
from apps.notifications.models import Notice
from apps.studies.access import blinded_roles
from apps.studies.definition import ReminderRule
from apps.studies.models import Hold, Membership, Site, Study
from apps.studies.protocol import get_protocol


def remind(now: datetime | None = None) -> int:
    """Write every reminder that is due now and not written yet; returns how many. Safe to run at any time, twice."""
    now = now or timezone.now()
    written = 0
    for study in Study.objects.exclude(version=None).exclude(hold=Hold.LOCKED):
        protocol = get_protocol(study.version_id)
        for site in Site.objects.filter(study=study):
            today = now.astimezone(ZoneInfo(site.time_zone)).date()
            for rule in protocol.definition.reminders:
                for due in FINDERS[rule.code](site, protocol, rule, today):
                    written += _remind_of(study, site, rule, due, today)
    return written


def _remind_of(study: Study, site: Site, rule: ReminderRule, due: Due, today: date) -> int:
    """Once, or every so many days while it lasts, where the rule says so."""
    occasion = f"{rule.code}:{due.occasion}"
    if rule.every and (again := (today - due.since).days // rule.every):
        occasion = f"{occasion}:{again}"
    users = recipients(study, site.pk, {rule.role}, unblinded_only=due.hidden)
    users = users.exclude(pk__in=Notice.objects.filter(occasion=occasion).values("user_id"))
    notices = services.notify(
        SYSTEM,
        study,
        users,
        kind=rule.code,
        occasion=occasion,
        say=getattr(wording, rule.code),
        args=(due.subject.number, due.day),
        link=reverse("casebook:subject", args=[study.slug, due.subject.number]),
        subject=due.subject,
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
