"""``manage.py queues``: what waits, runs and was given up in the outbox. Shows no clinical data."""

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Min
from django.utils import timezone

from apps.audit.models import Delivery, Outbox
from apps.audit.selectors import given_up
from apps.audit.services import retry_delivery
from apps.common.actors import SYSTEM


class Command(BaseCommand):
    help = "State of the outbox, per handler. --retry gives a delivery that was given up new attempts."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--retry", metavar="ID", help="number of a delivery that was given up, or `all`")
        parser.add_argument("--reason", default="", help="why it is tried again; kept in the ledger")

    def handle(self, *args, **options) -> None:
        if options["retry"]:
            self.retry(options["retry"], options["reason"])
            return
        self.show_waiting()
        for delivery in given_up():
            # the last line of a traceback: its type only, for a message may quote data
            kind = delivery.error.strip().rpartition("\n")[2].partition(":")[0]
            self.stdout.write(f"given up: {delivery.pk} {delivery.handler} after {delivery.attempt} attempts ({kind})")

    def show_waiting(self) -> None:
        events = Outbox.objects.filter(expanded=False)
        oldest = events.aggregate(oldest=Min("created_at"))["oldest"]
        age = f", the oldest for {int((timezone.now() - oldest).total_seconds())} s" if oldest else ""
        self.stdout.write(f"events not yet expanded: {events.count()}{age}")
        states = Delivery.objects.exclude(status=Delivery.Status.DONE).values("handler", "status")
        for row in states.annotate(n=Count("pk")).order_by("handler", "status"):
            self.stdout.write(f"{row['status']}: {row['n']} {row['handler']}")

    def retry(self, which: str, reason: str) -> None:
        if not reason:
            raise CommandError("Say why with --reason.")
        chosen = given_up() if which == "all" else given_up().filter(pk=which if which.isdigit() else 0)
        rows = list(chosen)
        if not rows:
            raise CommandError("No such delivery was given up.")
        for delivery in rows:
            retry_delivery(SYSTEM, delivery, reason=reason)
        self.stdout.write(f"{len(rows)} deliveries wait again.")
