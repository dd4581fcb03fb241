"""``manage.py load_demo``: people with known passwords and simulated subjects, for a demonstration only."""

from django.core.management.base import BaseCommand, CommandError

from trialcapture.simulation.cast import NobodyThere
from trialcapture.simulation.demo import NotADemonstration, load


class Command(BaseCommand):
    help = "Loads people, laboratories, randomization lists and simulated subjects into every published study."

    def add_arguments(self, parser):
        parser.add_argument("--subjects", type=int, default=12, help="subjects of each study that has none (default 12)")

    def handle(self, *, subjects, **options):
        """Refused (exit 1) where TRIALCAPTURE_DEMO is not true. Running it again changes nothing that is there."""
        try:
            load(subjects, self.say)
        except (NotADemonstration, NobodyThere) as refusal:
            raise CommandError(str(refusal), returncode=1) from refusal

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
