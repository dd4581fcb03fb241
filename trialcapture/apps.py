"""The project as an app: its management commands, and the Celery application in every process that may send a task."""

from django.apps import AppConfig


class TrialCaptureConfig(AppConfig):
    name = "trialcapture"

    def ready(self) -> None:
        # shared_task binds to the current application: without this a web process would talk to a default broker
        from trialcapture import celery  # noqa: F401
        from trialcapture.wiring import wire

        wire()
