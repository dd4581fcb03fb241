"""What happens when a printout was asked for."""

from apps.casebook.tasks import make


def start_printout(event) -> None:
    """Hand the printout to the queue; the sweep finds it where the broker lost it."""
    make.delay(int(event.object_id))
