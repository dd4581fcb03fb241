"""``manage.py load_study FILE...``: check definition files, show what would change, publish."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import SYSTEM
from apps.common.errors import DomainError
from apps.studies.definition import StudyDefinition
from apps.studies.difference import difference
from apps.studies.loading import Loaded, load_study
from apps.studies.models import Study
from apps.studies.services import publish


class Command(BaseCommand):
    help = "Checks study definition files, shows the difference to what is published, and publishes them."

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--dry-run", action="store_true", help="publish nothing")
        choice.add_argument("--publish", action="store_true", help="publish (this is what happens anyway)")
        parser.add_argument(
            "--unless-decided",
            action="store_true",
            help="leave a study alone whose decided questions the file does not hold",
        )
        parser.add_argument("--note", default="", help="why, for the version and the audit trail")

    def handle(self, *, files, dry_run, note, unless_decided, **options):
        """With an error in any of the files nothing is published (exit code 1)."""
        loaded = [self.load(Path(name)) for name in files]
        if any(one.errors for one in loaded):
            raise CommandError("There are errors; nothing was published.", returncode=1)
        for one in loaded:
            self.show_difference(one.definition)
            if not dry_run:
                self.publish(one.definition, note, unless_decided=unless_decided)

    def load(self, path: Path) -> Loaded:
        loaded = load_study(path)
        study = Study.objects.filter(slug=loaded.slug).first()
        if study is not None:  # known now, so that its history can be checked too
            loaded = load_study(path, item_types=study.item_types)
        for problem in loaded.problems:
            (self.stderr if problem.is_error else self.stdout).write(str(problem))
        return loaded

    def show_difference(self, definition: StudyDefinition) -> None:
        study = Study.objects.filter(slug=definition.study).select_related("version").first()
        if study is None or study.version is None:
            self.stdout.write(f"{definition.study}: a new study")
            return
        changes = difference(StudyDefinition.model_validate(study.version.definition), definition)
        self.stdout.write(f"{definition.study}: {len(changes)} differences to version {study.version.number}")
        for change in changes:
            self.stdout.write(f"  {change}")

    def publish(self, definition: StudyDefinition, note: str, *, unless_decided: bool) -> None:
        try:
            version = publish(SYSTEM, definition, note)
        except DomainError as error:
            if unless_decided and error.code == "undoes_decision":
                self.stdout.write(f"{definition.study}: left as it is. {error}")
                return
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{definition.study}: version {version.number} is published ({version.sha256[:12]})")
