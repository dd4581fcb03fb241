"""Asking for an export, making it, and handing it out."""

from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.audit.ledger import ledger
from apps.audit.services import seal
from apps.common import jobs
from apps.common.actors import SYSTEM, Actor
from apps.common.errors import DomainError
from apps.common.jobs import checked_file, claim, file_hash, tick, waiting_of
from apps.exports import extras
from apps.exports.datasets import Selection, datasets_of
from apps.exports.models import Export
from apps.exports.permissions import EXPORT_DATA
from apps.exports.writing import write_zip
from apps.studies.access import is_blinded, may, require
from apps.studies.models import Site, Study
from apps.studies.protocol import get_protocol

FOLDER = "exports"


def request_export(actor: Actor, study: Study, *, status: str = "all", site_codes: list[str] | None = None) -> Export:
    """Ask for the study's datasets at the actor's sites; a worker makes them. ``status``: all or complete."""
    require(actor, EXPORT_DATA, study_id=study.pk)
    if status not in {"all", "complete"}:
        raise DomainError(_("Choose all records or complete records."), code="unknown_status", item="status")
    sites = _sites(actor, study, site_codes)
    with ledger(actor, study.pk) as entry:
        export = Export.objects.create(
            study=study,
            requested_by_id=actor.user_id or 0,
            filters={"status": status, "sites": [site.code for site in sites]},
            blinded=is_blinded(actor, study),
        )
        entry(
            action="exports.export.requested",
            obj=export,
            label=str(export),
            changes=[("filters", None, export.filters)],
            outbox=True,
        )
    return export


def _sites(actor: Actor, study: Study, codes: list[str] | None) -> list[Site]:
    """The sites at which the actor may export; a site named and not among them is refused."""
    sites = [
        site
        for site in Site.objects.visible_to(actor).filter(study=study)
        if may(actor, EXPORT_DATA, study_id=study.pk, site_id=site.pk)
    ]
    if codes:
        if strange := set(codes) - {site.code for site in sites}:
            raise DomainError(_("You cannot export site %(code)s.") % {"code": ", ".join(sorted(strange))}, code="site")
        sites = [site for site in sites if site.code in codes]
    if not sites:
        raise DomainError(_("There is no site whose data you may export."), code="no_site")
    return sites


def claim_export(export_id: int) -> Export | None:
    """Take an export that waits; None where it is done or in other hands."""
    return claim(Export, export_id)


def make_export(actor: Actor, export: Export) -> Export:
    """Write a claimed export with the rights its requester has now; on any error it is marked failed, with the reason."""
    path = path_of(export)
    try:
        seal(export.study_id)  # what the export leans on is signed and copied off the database first
        manifest = _write(export, path)
    except Exception as error:
        path.unlink(missing_ok=True)
        _finish(actor, export, status=Export.Status.FAILED, error=str(error)[:1000])
        raise
    _finish(actor, export, status=Export.Status.DONE, manifest=manifest, sha256=file_hash(path))
    return export


def _write(export: Export, path: Path) -> dict[str, Any]:
    study = Study.objects.get(pk=export.study_id)
    user = User.objects.get(pk=export.requested_by_id)
    requester = Actor(user_id=user.pk, name=user.get_full_name())
    require(requester, EXPORT_DATA, study_id=study.pk)
    blinded = export.blinded or is_blinded(requester, study)
    assert study.version is not None  # only a published study can be exported
    protocol = get_protocol(study.version.pk)
    selection = Selection(
        study_id=study.pk,
        site_ids=tuple(site.pk for site in _sites(requester, study, export.filters["sites"])),
        complete_only=export.filters["status"] == "complete",
        blinded=blinded,
    )
    labels = {
        oid: {code: text.zh if user.language.startswith("zh") and text.zh else text.en for code, text in codes.items()}
        for oid, codes in protocol.codelists.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_zip(
        path,
        datasets_of(protocol, blinded=blinded),
        selection,
        labels,
        manifest={
            "study": study.slug,
            "version": study.version.number,
            "requested_by": user.get_full_name(),
            "requested_at": export.requested_at.isoformat(),
            "filters": export.filters,
            "blinded": blinded,
        },
        extra=extras.queries(requester, study, selection, protocol.hidden_from_blinded if blinded else frozenset()),
        on_progress=lambda done, of, name: tick(export, done, of, name),
    )


def _finish(
    actor: Actor,
    export: Export,
    *,
    status: str,
    manifest: dict[str, Any] | None = None,
    sha256: str = "",
    error: str = "",
) -> None:
    with ledger(actor, export.study_id) as entry:
        export.status, export.sha256, export.error, export.finished_at = status, sha256, error, timezone.now()
        if manifest:
            export.manifest, export.position = manifest, manifest["ledger"].get("position")
            export.progress, export.file_name, export.stage = 100, path_of(export).name, ""
        export.save()
        entry(
            action="exports.export.finished" if status == Export.Status.DONE else "exports.export.failed",
            obj=export,
            changes=[("sha256", None, sha256)] if sha256 else [("error", None, error)],
            details={"requested_by": export.requested_by_id},
            outbox=True,
        )


def record_download(actor: Actor, export: Export) -> Path:
    """Hand out the file; the hash is checked first, so that a damaged file is never given as the export."""
    require(actor, EXPORT_DATA, study_id=export.study_id)
    refusal = _("The file of this export is not there or is damaged. Ask for the export again.")
    path = checked_file(export, path_of(export), refusal)
    with ledger(actor, export.study_id) as entry:
        entry(action="exports.export.downloaded", obj=export, changes=[("sha256", None, export.sha256)])
    return path


def path_of(export: Export) -> Path:
    return jobs.path_of(FOLDER, export.study.slug, "zip", export)


def run_waiting_exports() -> int:
    """Make every export that waits or was dropped by a dead worker; returns how many."""
    made = 0
    for pk in waiting_of(Export):
        if export := claim_export(pk):
            make_export(SYSTEM, export)
            made += 1
    return made
