"""Sites as the definition names them, and the version that each works by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.access import require
from apps.studies.definition import SiteDefinition, StudyDefinition
from apps.studies.models import Site, SiteVersion, Study, StudyVersion
from apps.studies.permissions import ACTIVATE_VERSION
from apps.studies.protocol import site_today

FIELDS = ("name", "time_zone", "language", "subject_pattern", "cap")


def update_sites(entry: Callable[..., Any], study: Study, version: StudyVersion, definition: StudyDefinition) -> None:
    """Sites that are new, or described differently; one that the definition no longer names stays as it is.

    A site without a version (all of them at the first publishing) works by this one from today; the others change when
    ``activate_version`` says so.
    """
    held = {site.code: site for site in study.sites.all()}
    for described in definition.sites:
        site = held.get(described.code)
        if site is None:
            site = held[described.code] = _new_site(entry, study, described)
        else:
            _update_site(entry, site, described)
    started = set(SiteVersion.objects.filter(site__study=study).values_list("site_id", flat=True))
    for site in held.values():
        if site.pk not in started:
            _start(entry, site, version, None, site_today(site), "")


def _values(described: SiteDefinition) -> dict[str, Any]:
    return described.model_dump(include=set(FIELDS))


def _new_site(entry: Callable[..., Any], study: Study, described: SiteDefinition) -> Site:
    values = _values(described)
    site = Site.objects.create(study=study, code=described.code, **values)
    changes = [("code", None, site.code), *((name, None, values[name]) for name in FIELDS)]
    entry(action="studies.site.created", obj=site, label=site.code, site_id=site.pk, changes=changes)
    return site


def _update_site(entry: Callable[..., Any], site: Site, described: SiteDefinition) -> None:
    values = _values(described)
    changes = [(name, getattr(site, name), values[name]) for name in FIELDS if getattr(site, name) != values[name]]
    if changes:
        for name, _old, new in changes:
            setattr(site, name, new)
        site.save(update_fields=[name for name, _old, _new in changes])
        entry(action="studies.site.updated", obj=site, label=site.code, site_id=site.pk, changes=changes)


def activate_version(
    actor: Actor,
    site: Site,
    version: StudyVersion,
    approved_on: dt.date | None,
    active_from: dt.date,
    *,
    reason: str = "",
) -> SiteVersion:
    """From the day on the site works by the version.

    Refused: another study's version, a day before its approval or in the past, an older version than the site has
    (a published version is corrected by a newer one), the same version again.
    """
    require(actor, ACTIVATE_VERSION, study_id=site.study_id, site_id=site.pk)
    with transaction.atomic(), ledger(actor, site.study_id) as entry:
        site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        _refuse_dates(site, approved_on, active_from)
        newest = site.versions.select_related("version").order_by("-version__number").first()
        if version.study_id != site.study_id:
            raise DomainError(_("This version belongs to another study."), code="other_study")
        if newest and version.number <= newest.version.number:
            message = _("The site has version %(number)s already; activate a newer one.")
            raise DomainError(message % {"number": newest.version.number}, code="not_newer")
        return _start(entry, site, version, approved_on, active_from, reason)


def _refuse_dates(site: Site, approved_on: dt.date | None, active_from: dt.date) -> None:
    if approved_on and active_from < approved_on:
        raise DomainError(_("The version cannot be active before its approval."), code="before_approval")
    if active_from < site_today(site):
        raise DomainError(_("The day lies in the past; records of that day were made under another version."), code="past")


def _start(
    entry: Callable[..., Any], site: Site, version: StudyVersion, approved_on: dt.date | None, day: dt.date, reason: str
) -> SiteVersion:
    row = SiteVersion.objects.create(site=site, version=version, approved_on=approved_on, active_from=day)
    entry(
        action="studies.site_version.activated",
        obj=row,
        label=f"{site.code} v{version.number}",
        site_id=site.pk,
        changes=[("version", None, version.number), ("approved_on", None, approved_on), ("active_from", None, day)],
        reason=reason,
        outbox=True,
    )
    return row
