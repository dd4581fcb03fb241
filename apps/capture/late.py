"""Late entry: data entered so long after their visit that a reader should know."""

from zoneinfo import ZoneInfo

from apps.capture.models import FormRecord
from apps.studies.models import Site
from apps.visits.models import SubjectVisit

LATE_AFTER = 7  # days between the visit and the first save of its form


def days_late(record: FormRecord | None, visit: SubjectVisit | None, site: Site) -> int:
    """Days from the visit to the first save, by the site's calendar; 0 where that is no more than ``LATE_AFTER``."""
    if record is None or visit is None or visit.actual is None:
        return 0
    days = (record.created_at.astimezone(ZoneInfo(site.time_zone)).date() - visit.actual).days
    return days if days > LATE_AFTER else 0
