"""Many subjects of one study, one after the other, each with a seed of its own."""

import datetime as dt
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection

from apps.common.errors import DomainError
from apps.studies.models import Site, Study
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject
from trialcapture.simulation.cast import Cast
from trialcapture.simulation.delivering import deliver_all
from trialcapture.simulation.playing import play_subject, talk
from trialcapture.simulation.playing.stage import Stage
from trialcapture.simulation.story import deal

START = dt.date(2023, 1, 9)
RECRUITS_FOR, FOLLOWED_FOR = 330, 760  # days from the start: the last screening, the last day that is played


@dataclass
class Report:
    """``refused``: what a service refused that nobody meant it to refuse; empty when all went well."""

    subjects: list[Subject] = field(default_factory=list)
    plots: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    records: int = 0
    handlers: int = 0
    seconds: float = 0.0

    @property
    def per_minute(self) -> float:
        return len(self.subjects) * 60 / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Run:
    """``first``: the number of the first subject, so that a second run tells other stories; days as in START."""

    seed: int = 1
    subjects: int = 20
    start: dt.date = START
    recruits_for: int = RECRUITS_FOR
    until: dt.date | None = None
    first: int = 0

    @property
    def last_day(self) -> dt.date:
        return self.until or self.start + dt.timedelta(days=FOLLOWED_FOR)


def simulate(study: Study, run: Run, said: Callable[[int, Report], None] = lambda number, report: None) -> Report:
    """Play the subjects through the services and run every handler; the same run gives the same values.

    A refusal that was not meant ends that subject's course and is reported; the others go on.
    """
    sites = list(study.sites.select_related("study").order_by("id"))
    casts = {site.pk: Cast.of(site) for site in sites}
    report, begun = Report(), time.perf_counter()
    with _without_waiting_for_the_disk():
        for number in range(run.first, run.first + run.subjects):
            site = _site_of(sites, number)
            stage = _stage(run, study, site, protocol_for_site(site), casts[site.pk], number)
            _play(stage, _screened_on(run, number), report)
            report.seconds = time.perf_counter() - begun
            said(number, report)
    return report


def _site_of(sites: list[Site], number: int) -> Site:
    """Two of three at the first site, which the study's own hospital is."""
    return sites[0] if number % 3 != 2 or len(sites) == 1 else sites[1 + number // 3 % (len(sites) - 1)]


def _screened_on(run: Run, number: int) -> dt.date:
    step = run.recruits_for / max(run.subjects, 1)
    jitter = random.Random(f"{run.seed}:{number}:day").uniform(0, step * 0.8)
    return run.start + dt.timedelta(days=int((number - run.first) * step + jitter))


def _stage(run: Run, study: Study, site: Site, protocol: Protocol, cast: Cast, number: int) -> Stage:
    # a text as the seed: its hash is the same on every machine, and no subject's draws depend on another's
    rng = random.Random(f"{study.slug}:{run.seed}:{number}")
    return Stage(site, protocol, cast, deal(protocol, number, rng), rng, run.last_day)


def _play(stage: Stage, on: dt.date, report: Report) -> None:
    try:
        play_subject(stage, on)
        report.handlers += deliver_all()
        talk.handle_flags(stage)
    except DomainError as refusal:
        name = stage.subject.number if hasattr(stage, "subject") else "?"
        report.refused.append(f"{name} ({stage.story.plot}): {refusal} [{refusal.code}]")
    report.handlers += deliver_all()
    if hasattr(stage, "subject"):
        report.subjects.append(stage.subject)
    report.plots[stage.story.plot] = report.plots.get(stage.story.plot, 0) + 1
    report.records += len(stage.records)


class _without_waiting_for_the_disk:  # noqa: N801
    """Invented data need not survive a power cut a second after they were made; real data never see this."""

    def __enter__(self) -> None:
        self._set("off")

    def __exit__(self, *_error: object) -> None:
        self._set("on")

    def _set(self, value: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('synchronous_commit', %s, false)", [value])
