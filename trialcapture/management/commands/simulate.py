"""``manage.py simulate STUDY --subjects N --seed S``: whole subjects, played through the services."""

import datetime as dt

from django.core.management.base import BaseCommand, CommandError

from apps.studies.models import Study
from apps.subjects.models import Subject
from trialcapture.simulation.cast import NobodyThere
from trialcapture.simulation.demo import NotADemonstration, prepare_study, refuse_real_data
from trialcapture.simulation.people import ensure_people
from trialcapture.simulation.running import FOLLOWED_FOR, RECRUITS_FOR, START, Report, Run, simulate

EVERY = 10


class Command(BaseCommand):
    help = "Simulates subjects of a published study: the same seed and start give the same values."

    def add_arguments(self, parser):
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("--subjects", type=int, default=20)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--start", type=dt.date.fromisoformat, default=START, help=f"first screening (default {START})")
        parser.add_argument(
            "--until", type=dt.date.fromisoformat, help=f"last day that is played (default {FOLLOWED_FOR} days after it)"
        )

    def handle(self, *, study, subjects, seed, start, until, **options):
        """Refused (exit 1): no demonstration, a study that is not published, a site without people."""
        try:
            refuse_real_data()
            found = Study.objects.exclude(version=None).filter(slug=study).first()
            if found is None:
                raise CommandError(f"There is no published study {study}.", returncode=1)
            prepare_study(found, ensure_people())
            # a second run goes on with the stories where the first one ended
            first = Subject.objects.filter(study=found).count()
            run = Run(seed, subjects, start, min(RECRUITS_FOR, _recruiting(start, until)), until, first)
            report = simulate(found, run, self.show)
        except (NotADemonstration, NobodyThere) as refusal:
            raise CommandError(str(refusal), returncode=1) from refusal
        self.summarize(report)

    def show(self, number: int, report: Report) -> None:
        done = len(report.subjects)
        if done % EVERY == 0:
            self.stdout.write(f"  {done} subjects, {report.records} saves, {report.per_minute:.0f} subjects a minute")
            self.stdout.flush()

    def summarize(self, report: Report) -> None:
        plots = ", ".join(f"{name} {count}" for name, count in sorted(report.plots.items()))
        self.stdout.write(
            f"{len(report.subjects)} subjects in {report.seconds:.1f} s ({report.per_minute:.0f} a minute): {plots}"
        )
        self.stdout.write(f"{report.records} saves, {report.handlers} handlers")
        for refusal in report.refused:
            self.stderr.write(f"refused: {refusal}")


def _recruiting(start: dt.date, until: dt.date | None) -> int:
    return max((until - start).days, 1) if until else RECRUITS_FOR
