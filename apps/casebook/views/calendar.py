"""The calendar of the sites that one sees, by month, week and day."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.capture.permissions import VIEW_RECORDS
from apps.casebook.selectors.calendar import VIEWS, days_of, span_of
from apps.casebook.selectors.lists import clean
from apps.casebook.selectors.reader import reader_of
from apps.studies.access import get_study_for, require, sites_visible_to
from apps.studies.protocol import get_protocol, site_today


@require_safe
def calendar(request, slug: str) -> HttpResponse:
    """``view``, ``on`` (a day of what is shown) and ``site``; a forged one shows the month of today."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    sites = list(sites_visible_to(request.actor, study.pk))
    chosen = clean(request.GET.get("site", ""))
    site = next((one for one in sites if one.code == chosen), None)
    first = site or (sites[0] if sites else None)
    today = site_today(first) if first else date(2000, 1, 1)
    view = request.GET.get("view", "")
    span = span_of(view if view in VIEWS else "month", _day(request.GET.get("on", "")) or today)
    reader = reader_of(request.actor, study)
    context = {
        "study": study,
        "sites": sites,
        "site": site,
        "span": span,
        "today": today,
        "weeks": days_of(reader, study, get_protocol(study.version_id), span, today, site.code if site else ""),
    }
    return render(request, "casebook/calendar.html", context)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 2200 else None
