"""What happens when an export was asked for."""

from apps.exports.tasks import make


def start_export(event) -> None:
    """Hand the export to the queue of exports; the sweep finds it where the broker lost it."""
    make.delay(int(event.object_id))
