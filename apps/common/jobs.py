"""Work that a worker does while a person waits: claimed by a lease, shown with its progress, its file handed out checked.

``Job`` is what the tables of such work share; each app has its own table and its own services around it.
"""

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.errors import DomainError

LEASE = timedelta(minutes=5)


class Job(models.Model):
    class Status(models.TextChoices):
        WAITING = "waiting", gettext_lazy("Waiting")
        RUNNING = "running", gettext_lazy("Running")
        DONE = "done", gettext_lazy("Done")
        FAILED = "failed", gettext_lazy("Failed")

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    stage = models.CharField(max_length=120, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


Kind = TypeVar("Kind", bound=Job)


def claim(model: type[Kind], pk: int) -> Kind | None:
    """Take waiting work, or work whose worker died (its lease ran out); None where it is done or in other hands."""
    now = timezone.now()
    free = models.Q(status=Job.Status.WAITING) | models.Q(status=Job.Status.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        job = model._default_manager.select_for_update(skip_locked=True, of=("self",)).filter(free, pk=pk).first()
        if job:
            job.status, job.lease_until, job.progress = Job.Status.RUNNING, now + LEASE, 0
            job.save(update_fields=["status", "lease_until", "progress"])
    return job


def waiting_of(model: type[Job]) -> list[int]:
    """What no worker has finished: for the sweep."""
    open_work = model._default_manager.filter(status__in=[Job.Status.WAITING, Job.Status.RUNNING])
    return list(open_work.values_list("pk", flat=True))


def tick(job: Job, done: int, of: int, stage: str) -> None:
    """Shown while it runs, and the sign of life that keeps the lease."""
    percent = int(100 * done / of) if of else 0
    type(job)._default_manager.filter(pk=job.pk).update(
        progress=percent, stage=stage[:120], lease_until=timezone.now() + LEASE
    )


def path_of(folder: str, name: str, ending: str, job: Job) -> Path:
    """Where the job's file lies: outside the web root, under a name that nobody guesses."""
    token = uuid.uuid5(uuid.NAMESPACE_OID, f"{settings.SECRET_KEY}:{job.pk}").hex[:12]
    return Path(settings.VAR_DIR) / "files" / folder / f"{name}-{job.pk}-{token}.{ending}"


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_file(job: Job, path: Path, refusal: str = "") -> Path:
    """The finished file; its hash is checked first, so that a damaged one is never given out as what was made."""
    if job.status != Job.Status.DONE or not path.is_file() or file_hash(path) != job.sha256:
        raise DomainError(refusal or _("The file is not there or is damaged. Ask for it again."), code="no_file")
    return path
