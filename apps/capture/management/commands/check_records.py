from django.core.management.base import BaseCommand

from apps.capture.models import FormRecord
from apps.capture.replay import drifts
from apps.studies.models import Study


class Command(BaseCommand):
    help = "Replays the ledger: the events give every revision and every record's data. Exit 1 names each drift."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--study", help="slug of one study; all studies without it")

    def handle(self, *args, **options) -> None:
        study = Study.objects.get(slug=options["study"]) if options["study"] else None
        found = 0
        for drift in drifts(study.pk if study else None):
            found += 1
            self.stdout.write(str(drift))
        if found:
            self.stdout.write(self.style.ERROR(f"{found} drifts"))
            raise SystemExit(1)
        records = FormRecord.objects.filter(study=study) if study else FormRecord.objects.all()
        self.stdout.write(self.style.SUCCESS(f"{records.count()} records are what the ledger says"))
