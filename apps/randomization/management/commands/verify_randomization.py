from django.core.management.base import BaseCommand, CommandError

from apps.randomization.checking import problems_of
from apps.randomization.models import Scheme


class Command(BaseCommand):
    help = "Check every list against its commitment and every allocation against its list; names what differs."

    def add_arguments(self, parser):
        parser.add_argument("studies", nargs="*", help="slugs; all studies when none is given")

    def handle(self, *args, studies, **options):
        schemes = Scheme.objects.select_related("study").order_by("study__slug")
        if studies:
            schemes = schemes.filter(study__slug__in=studies)
            if unknown := set(studies) - {scheme.study.slug for scheme in schemes}:
                raise CommandError(f"No randomization lists: {', '.join(sorted(unknown))}.")
        wrong = 0
        for scheme in schemes:
            problems = list(problems_of(scheme))
            wrong += len(problems)
            for problem in problems:
                self.stdout.write(f"{scheme.study.slug}: {problem}")
            if not problems:
                used = scheme.slots.exclude(used_at=None).count()
                self.stdout.write(f"{scheme.study.slug}: {used} of {scheme.slots.count()} slots used, all as sealed.")
        if wrong:
            raise CommandError(f"{wrong} differences.")
