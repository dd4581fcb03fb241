from django.core.management.base import BaseCommand, CommandError

from apps.capture.checking import Report
from apps.capture.services.rechecking import run_checks
from apps.common.actors import SYSTEM
from apps.studies.models import Study
from apps.subjects.models import Subject

WHY_SKIPPED = {
    "inactive": "taken out of the data",
    "not_done": "recorded as not done",
    "locked": "locked",
}
WHY_NOT_APPLICABLE = {
    "version": "the record's version does not have the check",
    "hidden": "the item is hidden by other answers",
}


class Command(BaseCommand):
    help = "Runs every check on what is stored, each record by its own version; queries and computed values follow."

    def add_arguments(self, parser) -> None:
        parser.add_argument("study", help="slug of the study")
        parser.add_argument("--site", help="code of one site")
        parser.add_argument("--subject", help="number of one subject")
        parser.add_argument("--form", default="", help="OID of one form")
        parser.add_argument("--dry-run", action="store_true", help="say what would follow, and change nothing")

    def handle(self, *args, **options) -> None:
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study {options['study']}.")
        subjects = Subject.objects.filter(study=study)
        for name, path in (("site", "site__code"), ("subject", "number")):
            if options[name]:
                subjects = subjects.filter(**{path: options[name]})
        if not subjects.exists():
            raise CommandError("No subject fits: look at --site and --subject.")
        report = run_checks(SYSTEM, study, subjects=subjects, form_oid=options["form"], is_dry=options["dry_run"])
        if options["form"] and not report.records:
            raise CommandError(f"No record of a form {options['form']}.")
        self.say(report, options["dry_run"])

    def say(self, report: Report, is_dry: bool) -> None:
        for (form, item, check), count in sorted(report.checks.items()):
            words = f"{form}.{item} {check}: fired {count.fired}, opened {count.opened}, closed {count.closed}"
            for why, number in sorted(count.not_applicable.items()):
                words += f"; not applicable {number} ({WHY_NOT_APPLICABLE[why]})"
            self.stdout.write(words)
        for why, number in sorted(report.skipped.items()):
            self.stdout.write(f"{number} records skipped: {WHY_SKIPPED[why]}")
        done = "would change" if is_dry else "changed"
        self.stdout.write(self.style.SUCCESS(f"{report.records} records, {report.changed} {done}"))
