"""What waits in each room, read only as far as the rail shows it (99+): the same cost at any size.

Each room's reader gives the rows that wait; ``counted`` counts those of all rooms in one statement.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet, Value

from apps.capture.models import Query
from apps.capture.selectors import visible_queries
from apps.review.models import Deviation
from apps.safety.models import Flag
from apps.studies.models import Site
from apps.studies.protocol import site_today
from apps.subjects.status import LEFT
from apps.visits.models import SubjectVisit

LIMIT = 100


def counted(waiting: Mapping[str, QuerySet]) -> Counter[str]:
    """How many rows wait under each name, ``LIMIT`` at most."""
    heads = [rows.values_list(Value(name))[:LIMIT] for name, rows in waiting.items()]
    if not heads:
        return Counter()
    found = heads[0].union(*heads[1:], all=True) if len(heads) > 1 else heads[0]
    return Counter(name for (name,) in found)


def open_queries(actor, study, sites, blinded) -> QuerySet[Query]:
    waiting = visible_queries(actor, study, is_blinded=blinded).filter(status=Query.Status.OPEN)
    return waiting.select_related(None).order_by()


def open_flags(actor, study, sites, blinded) -> QuerySet[Flag]:
    waiting = Flag.objects.filter(study=study, subject__site__in=sites, status=Flag.Status.OPEN)
    return waiting.filter(audience="") if blinded else waiting


def proposed_deviations(actor, study, sites, blinded) -> QuerySet[Deviation]:
    waiting = Deviation.objects.filter(study=study, site__in=sites, state=Deviation.State.PROPOSED).order_by()
    return waiting.filter(audience="") if blinded else waiting


def overdue_visits(actor, study, sites, blinded) -> QuerySet[SubjectVisit]:
    """Planned visits whose window closed before today, each site's own, without a visit."""
    overdue = SubjectVisit.objects.filter(
        closed_windows(sites), study=study, status=SubjectVisit.Status.PLANNED, actual=None
    ).exclude(subject__status__in=LEFT)
    # in the order of the index on them: else the planner looks for the first hundred in the whole table
    overdue = overdue.order_by("latest")
    return overdue.filter(audience="") if blinded else overdue


def closed_windows(sites: Iterable[Site]) -> Q:
    """Visits at these sites whose window is over; sites with the same day today share a condition."""
    by_day: dict[date, list[int]] = {}
    for site in sites:
        by_day.setdefault(site_today(site), []).append(site.pk)
    conditions = [Q(latest__lt=day, subject__site__in=pks) for day, pks in by_day.items()]
    return reduce(or_, conditions) if conditions else Q(pk__in=[])
