"""The consent that a record stands on: on the day that the record is about."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.capture.models import FormRecord
from apps.capture.places import RecordPlace
from apps.common.errors import DomainError
from apps.common.text import day_in_words
from apps.rules import PartialDate, typed
from apps.studies.models import Site
from apps.studies.protocol import CompiledForm, site_today
from apps.subjects.consent import Consent, Standing, consent_on, form_on, forms_of
from apps.subjects.milestones import Milestones


def day_of_data(form: CompiledForm, data: dict, visit_day: dt.date | None, entered: dt.date) -> dt.date:
    """The day that a record is about: its visit's, else its first date, else the day of its entry."""
    if visit_day is not None:
        return visit_day
    for item in form.items.values():
        if item.definition.type == "date" and not item.line:
            found = typed(item.kind, data.get(item.oid))
            if isinstance(found, PartialDate):
                return found.earliest
    return entered


def day_of(place: RecordPlace) -> dt.date:
    actual = place.visit.actual if place.visit else None
    return day_of_data(place.form, place.data, actual, entered_on(place.site, place.record))


def entered_on(site: Site, record: FormRecord | None) -> dt.date:
    """The site's day on which the record was made; today for one that is not stored yet."""
    made = record.created_at if record is not None else None
    return site_today(site) if made is None else made.astimezone(ZoneInfo(site.time_zone)).date()


def consent_of(place: RecordPlace) -> Consent:
    return consent_on(
        day_of(place),
        Milestones(place.milestones),
        forms_of(place.site.consent_forms),
    )


def version_of(place: RecordPlace) -> str:
    """The consent form in force at the site on the record's day; empty where the site has entered none."""
    return ", ".join(sorted({form.label for form in form_on(day_of(place), forms_of(place.site.consent_forms))}))


def refuse_without_consent(place: RecordPlace) -> None:
    """A scheduled visit of a period without a valid consent is not entered. What was entered before may be corrected."""
    consent = consent_of(place)
    words = {"subject": place.subject.number, "since": day_in_words(consent.since) if consent.since else ""}
    if not place.milestones or not any(kind == "consent" for kind, _n in place.milestones):
        raise DomainError(
            _("No consent is recorded for %(subject)s. Enter the informed consent form first.") % words, code="no_consent"
        )
    if place.record is not None or consent.is_valid or consent.standing == Standing.MISSING:
        return
    if consent.standing == Standing.WITHDRAWN:
        raise DomainError(
            _("%(subject)s withdrew consent on %(since)s; nothing of a later visit is entered.") % words,
            code="consent_withdrawn",
        )
    if place.visit is not None and place.visit.actual is None:
        raise DomainError(
            _(
                "A new version of the consent form applies since %(since)s. Enter the re-consent of %(subject)s first, or "
                "the date of the visit where it was before."
            )
            % words,
            code="consent_outdated",
        )
    raise DomainError(
        _("A new version of the consent form applies since %(since)s. Enter the re-consent of %(subject)s first.") % words,
        code="consent_outdated",
    )
