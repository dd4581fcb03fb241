"""The table: for every service, what it writes into the ledger, and a scenario that runs it.

``@scenario("apps.….service", "action", …)`` decorates a function that takes the World, prepares, and returns a call of
the service; the call must append exactly these actions, study chain first, in this order. Several scenarios may run
one service.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from apps.capture.places import RecordRef
from apps.studies.models import Site, Study
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.visits.models import SubjectVisit
from tests import journeys

Call = Callable[[], Any]


@dataclass
class World:
    """The small trial, its people, and subjects as far as a scenario wants them. ``request`` gives any other fixture."""

    request: Any
    study: Study

    @cached_property
    def site(self) -> Site:
        return self.study.sites.get(code="01")

    @cached_property
    def personas(self) -> Any:
        return self.request.getfixturevalue("personas")

    @property
    def today(self) -> date:
        return today_at(self.site)

    @property
    def yesterday(self) -> date:
        return self.today - timedelta(days=1)

    @cached_property
    def screened(self) -> Subject:
        return journeys.screened(self.site)

    @cached_property
    def randomized(self) -> Subject:
        return journeys.randomized(self.site)

    def visit(self, code: str, subject: Subject | None = None) -> SubjectVisit:
        return (subject or self.screened).visits.select_related("subject__site", "subject__study").get(code=code)

    def ref(self, form: str, visit: str | None = None, subject: Subject | None = None) -> RecordRef:
        subject = subject or self.screened
        return RecordRef(subject.pk, form, self.visit(visit, subject).pk if visit else None)


@dataclass(frozen=True)
class Scenario:
    service: str
    actions: tuple[str, ...]
    prepare: Callable[[World], Call]

    @property
    def name(self) -> str:
        return f"{self.service.removeprefix('apps.')}:{self.prepare.__name__}"


SCENARIOS: list[Scenario] = []
# a function that is a step of other services and has no use of its own -> the service whose scenario runs it
STEPS = {
    "apps.capture.services.following.follow": "apps.capture.services.records.save_record",
    "apps.capture.services.writing.write": "apps.capture.services.records.save_record",
}


def scenario(service: str, *actions: str) -> Callable[[Callable[[World], Call]], Callable[[World], Call]]:
    def add(prepare: Callable[[World], Call]) -> Callable[[World], Call]:
        SCENARIOS.append(Scenario(service, actions, prepare))
        return prepare

    return add
