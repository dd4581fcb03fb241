"""Laboratories and their ranges. A range is ended by the next one, never overwritten."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.labs.analytes import analytes
from apps.labs.models import Laboratory, ReferenceRange
from apps.labs.permissions import MANAGE_RANGES
from apps.studies.access import require
from apps.studies.models import Site


def open_laboratory(actor: Actor, site: Site, code: str, name: str) -> Laboratory:
    require(actor, MANAGE_RANGES, study_id=site.study_id, site_id=site.pk)
    with ledger(actor, site.study_id) as entry:
        laboratory = Laboratory.objects.create(study_id=site.study_id, site=site, code=code, name=name)
        entry(
            action="labs.laboratory.opened",
            obj=laboratory,
            site_id=site.pk,
            changes=[("code", None, code), ("name", None, name)],
        )
    return laboratory


def set_ranges(
    actor: Actor, laboratory: Laboratory, rows: Iterable[Mapping[str, Any]], *, effective_from: date, reason: str
) -> list[ReferenceRange]:
    """Put ranges in force from a date; those of the same analyte that were open end the day before.

    Rows: analyte, sex, age_from_days, age_to_days, unit, low, high, source. All or nothing: DomainError names the row.
    """
    require(actor, MANAGE_RANGES, study_id=laboratory.study_id, site_id=laboratory.site_id)
    new = [_range(laboratory, number, row, effective_from) for number, row in enumerate(rows, start=1)]
    with ledger(actor, laboratory.study_id) as entry:
        codes = {row.analyte for row in new}
        ReferenceRange.objects.filter(laboratory=laboratory, analyte__in=codes, effective_to=None).update(
            effective_to=effective_from - timedelta(days=1)
        )
        ReferenceRange.objects.bulk_create(new)
        entry(
            action="labs.ranges.set",
            obj=laboratory,
            site_id=laboratory.site_id,
            reason=reason,
            changes=[(row.analyte, None, f"{row.low}–{row.high} {row.unit} {row.sex} {row.age_from_days}") for row in new],
        )
    return new


def _range(laboratory: Laboratory, number: int, row: Mapping[str, Any], effective_from: date) -> ReferenceRange:
    analyte = analytes().get(row["analyte"])
    if analyte is None:
        raise DomainError(
            _("Row %(row)s: %(code)s is no analyte of the library.") % {"row": number, "code": row["analyte"]},
            code="unknown_analyte",
        )
    low, high = (None if row.get(key) in (None, "") else Decimal(str(row[key])) for key in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise DomainError(
            _("Row %(row)s: the lower limit %(low)s is above the upper limit %(high)s.")
            % {"row": number, "low": low, "high": high},
            code="limits_crossed",
            item=analyte.code,
        )
    if analyte.converted(Decimal(1), row["unit"]) is None:
        raise DomainError(
            _("Row %(row)s: %(unit)s is no unit of %(code)s; use %(units)s.")
            % {
                "row": number,
                "unit": row["unit"],
                "code": analyte.code,
                "units": ", ".join([analyte.unit, *analyte.units]),
            },
            code="unknown_unit",
            item=analyte.code,
        )
    return ReferenceRange(
        study_id=laboratory.study_id,
        laboratory=laboratory,
        analyte=analyte.code,
        sex=row.get("sex") or "",
        age_from_days=row.get("age_from_days") or 0,
        age_to_days=row.get("age_to_days") or 55_000,
        unit=row["unit"],
        low=low,
        high=high,
        effective_from=effective_from,
        source=row.get("source", ""),
    )
