"""The reference range in force for a sample: by site laboratory, analyte, sex, age and date."""

from datetime import date

from django.db.models import Q

from apps.labs.models import ReferenceRange


def ranges_for(site_id: int, *, sex: str, age_days: int | None, on: date | None) -> dict[str, ReferenceRange]:
    """Analyte → the range in force that day; one query. Where sex or age is not known, only ranges for all of them.

    The site's range for one sex wins over the one for both; the newest effective date wins.
    """
    if on is None:
        return {}
    found = ReferenceRange.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=on),
        Q(sex="") | Q(sex=sex or "?"),
        laboratory__site_id=site_id,
        effective_from__lte=on,
    )
    if age_days is None:
        found = found.filter(age_from_days=0, age_to_days__gte=36_525)
    else:
        found = found.filter(age_from_days__lte=age_days, age_to_days__gt=age_days)
    return {row.analyte: row for row in found.order_by("effective_from", "sex", "pk")}
