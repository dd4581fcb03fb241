"""Versions of a site's consent form: from when each is in force, and whether who signed an earlier one signs again."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.studies.access import require
from apps.studies.models import ConsentVersion, Site
from apps.studies.permissions import MANAGE_CONSENT_VERSIONS

LABEL_MAX = 40
LANGUAGES = ("zh-hans", "en", "other")


def add_consent_version(
    actor: Actor, site: Site, *, label: str, language: str, approved_on: dt.date, valid_from: dt.date, again: bool
) -> ConsentVersion:
    """From ``valid_from`` on the site's consent form is this one. ``again``: who signed an earlier one signs again.

    Refused: a version that the site has in that language already, a day before its approval by the ethics committee.
    """
    require(actor, MANAGE_CONSENT_VERSIONS, study_id=site.study_id, site_id=site.pk)
    label = label.strip()
    if not label or len(label) > LABEL_MAX or "\0" in label:
        raise DomainError(
            _("Name the version, in at most %(limit)s characters.") % {"limit": LABEL_MAX}, code="label", item="label"
        )
    if language not in LANGUAGES:
        raise DomainError(_("Choose a language."), code="language", item="language")
    if valid_from < approved_on:
        raise DomainError(_("The version cannot be active before its approval."), code="before_approval", item="valid_from")
    with ledger(actor, site.study_id) as entry:
        site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        if site.consent_versions.filter(label=label, language=language, withdrawn_at=None).exists():
            raise DomainError(_("The site has this version already."), code="known", item="label")
        version = ConsentVersion.objects.create(
            site=site, label=label, language=language, approved_on=approved_on, valid_from=valid_from, again=again
        )
        _project(site)
        entry(
            action="studies.consent_version.added",
            obj=version,
            label=f"{site.code} {label}",
            site_id=site.pk,
            changes=[
                ("label", None, label),
                ("language", None, language),
                ("approved_on", None, approved_on),
                ("valid_from", None, valid_from),
                ("again", None, again),
            ],
            outbox=True,
        )
    return version


def withdraw_consent_version(actor: Actor, version: ConsentVersion, *, reason: str) -> ConsentVersion:
    """It was entered by mistake and counts no more; the entry stays, with the reason."""
    require(actor, MANAGE_CONSENT_VERSIONS, study_id=version.site.study_id, site_id=version.site_id)
    reason = need_reason(reason)
    with ledger(actor, version.site.study_id) as entry:
        site = Site.objects.select_for_update(no_key=True).get(pk=version.site_id)
        version = ConsentVersion.objects.get(pk=version.pk)
        if version.withdrawn_at is not None:
            raise DomainError(_("There is nothing to change."), code="nothing")
        version.withdrawn_at = timezone.now()
        version.save(update_fields=["withdrawn_at"])
        _project(site)
        entry(
            action="studies.consent_version.withdrawn",
            obj=version,
            label=f"{site.code} {version.label}",
            site_id=site.pk,
            changes=[("withdrawn_at", None, version.withdrawn_at)],
            reason=reason,
            outbox=True,
        )
    return version


def _project(site: Site) -> None:
    """What every save of a record asks, on the row that it reads anyway."""
    rows = site.consent_versions.filter(withdrawn_at=None).order_by("valid_from", "pk")
    site.consent_forms = [
        {"label": one.label, "language": one.language, "since": one.valid_from.isoformat(), "again": one.again}
        for one in rows
    ]
    site.save(update_fields=["consent_forms"])
