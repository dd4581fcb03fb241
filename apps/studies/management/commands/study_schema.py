"""``manage.py study_schema``: the JSON Schema of a definition file, for editors (kept in docs/study.schema.json)."""

from django.core.management.base import BaseCommand

from apps.studies.definition.schema import schema_text


class Command(BaseCommand):
    help = "Prints the JSON Schema of study definition files."

    def handle(self, **options):
        self.stdout.write(schema_text(), ending="")
