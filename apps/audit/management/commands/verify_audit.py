"""``manage.py verify_audit [FILE]``: does the ledger hold? Names each finding; exit status 1 where there is one."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from apps.audit.offline import Report, run
from apps.audit.sealing import UnusableKey
from apps.audit.verify import verify_database


class Command(BaseCommand):
    help = "Verify the ledger: chains, heads, seals, columns, guards, published versions. With FILE, an exported ledger."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="a file that export_audit wrote")
        parser.add_argument("--study", type=int, help="the number of one study, to verify its chain alone")
        parser.add_argument("--public-key", default="", help="for FILE: the key that must have signed, 32 bytes in base64")
        parser.add_argument(
            "--seals", type=Path, action="append", default=[], help="seal files kept on another machine, or their folder"
        )

    def handle(self, *args, **options) -> None:
        if options["file"]:
            status = run(options["file"], options["public_key"], options["seals"], self.stdout.write)
        else:
            status = self.verify_here(options["study"], options["seals"])
        if status:
            sys.exit(status)

    def verify_here(self, study_id: int | None, copies: list[Path]) -> int:
        report, found = Report(), 0
        try:
            for finding in verify_database(report, study_id=study_id, copies=copies):
                found += 1
                self.stdout.write(str(finding))
        except UnusableKey as error:
            self.stderr.write(str(error))
            return 2
        self.stdout.write("\n".join(report.notes))
        self.stdout.write(f"{found} findings." if found else "The ledger holds.")
        return 1 if found else 0
