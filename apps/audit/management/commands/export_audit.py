"""``manage.py export_audit FILE``: the ledger with its seals, to be verified on another machine."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apps.audit.exporting import export_ledger
from apps.audit.services import seal, seal_chains
from apps.common.errors import DomainError


class Command(BaseCommand):
    help = "Seal the chains and write the ledger as JSON lines. The file holds clinical data and allocations."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--study", type=int, help="the number of one study, for its chain alone")

    def handle(self, *args, **options) -> None:
        path, study_id = options["file"], options["study"]
        try:
            seal_chains() if study_id is None else seal(study_id)
            count = export_ledger(path, study_id=study_id)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{count} events in {path}. Verify with: manage.py verify_audit {path} --public-key KEY")
