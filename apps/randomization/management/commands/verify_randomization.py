import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apps.randomization.checking import problems_in
from apps.randomization.evidence import Evidence
from apps.randomization.gathering import evidence_of
from apps.randomization.models import Scheme


class Command(BaseCommand):
    help = (
        "Check every list against its commitment and every allocation against its list; names what differs. "
        "With --file a revealed file is checked instead, without a database or a key."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("studies", nargs="*", help="slugs; all studies when none is given")
        parser.add_argument("--file", type=Path, help="a file that was revealed after the study")
        parser.add_argument(
            "--commitment",
            action="append",
            default=[],
            help="a commitment that you wrote down when it was published; may be given several times",
        )

    def handle(self, *args, studies, file, commitment, **options):
        wrong = self._file(file, commitment) if file else self._database(studies, commitment)
        if wrong:
            raise CommandError(f"{wrong} differences.")

    def _file(self, file: Path, commitments: list[str]) -> int:
        try:
            evidence = Evidence.from_json(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error
        return self._said(evidence, commitments)

    def _database(self, slugs: list[str], commitments: list[str]) -> int:
        schemes = Scheme.objects.select_related("study").order_by("study__slug")
        if slugs:
            schemes = schemes.filter(study__slug__in=slugs)
            if unknown := set(slugs) - {scheme.study.slug for scheme in schemes}:
                raise CommandError(f"No randomization lists: {', '.join(sorted(unknown))}.")
        wrong = 0
        for scheme in schemes:
            try:
                evidence = evidence_of(scheme)
            except (ValueError, KeyError) as error:
                self.stdout.write(f"{scheme.study.slug}: The seed cannot be opened: {error}.")
                wrong += 1
            else:
                wrong += self._said(evidence, commitments)
        return wrong

    def _said(self, evidence: Evidence, commitments: list[str]) -> int:
        problems = list(problems_in(evidence, commitments))
        for problem in problems:
            self.stdout.write(f"{evidence.study}: {problem}")
        if not problems:
            used = sum(place.used_at is not None for place in evidence.places)
            self.stdout.write(f"{evidence.study}: {used} of {len(evidence.places)} slots used, all as sealed.")
        return len(problems)
