"""The Celery application: tasks of all apps, the queues of settings.py, and structured logs that name the request."""

import os

import structlog
from celery import Celery
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun

from trialcapture.wiring import beat_schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialcapture.settings")

app = Celery("trialcapture")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = beat_schedule()


@setup_logging.connect
def keep_our_logging(**_kwargs) -> None:
    """A receiver is all it takes: Celery then leaves the logging that settings.py configured."""


@before_task_publish.connect
def send_request_id(headers: dict, **_kwargs) -> None:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        headers["request_id"] = request_id


@task_prerun.connect
def bind_task(task, task_id: str, **_kwargs) -> None:
    # an eager task runs inside the request, whose id is bound already
    if not task.request.is_eager:
        structlog.contextvars.clear_contextvars()
        request_id = task.request.get("request_id") or (task.request.headers or {}).get("request_id") or ""
        structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id, request_id=request_id)


@task_postrun.connect
def unbind_task(task, **_kwargs) -> None:
    if not task.request.is_eager:
        structlog.contextvars.clear_contextvars()
