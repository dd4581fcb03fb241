"""Asking for a printout, making it, and handing it out."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.audit.ledger import ledger
from apps.capture.double_entry import kept_back
from apps.capture.permissions import SECOND_ENTRY
from apps.casebook.models import Printout
from apps.casebook.permissions import PRINT
from apps.casebook.printing.casebook import CasebookStory, values_in_database
from apps.casebook.printing.crf import Crf
from apps.casebook.selectors.reader import Reader, reader_of
from apps.common import jobs, pdf
from apps.common.actors import SYSTEM, Actor
from apps.common.errors import DomainError, NotVisible
from apps.common.jobs import checked_file, claim, file_hash, tick, waiting_of
from apps.common.text import in_language
from apps.studies.access import is_blinded, may, require
from apps.studies.models import Site, Study
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject, SubjectTransfer

FOLDER = "printouts"
LANGUAGES = dict(settings.LANGUAGES)


class PrintMismatch(Exception):
    """The file holds another number of values than the database: the printout is not done."""


def request_printout(
    actor: Actor,
    study: Study,
    *,
    kind: str,
    language: str,
    site: Site | None = None,
    subject: Subject | None = None,
) -> Printout:
    """Ask for a casebook (of a subject, a site, the study), a blank or an annotated CRF; a worker makes it.

    ``subject`` with a ``site`` that it has left is that site's part of the casebook.
    """
    at = site.pk if site else subject.site_id if subject else None
    if subject and site and _transfer(subject, site) is None:
        raise NotVisible
    require(actor, PRINT, study_id=study.pk, site_id=at)
    if kind not in Printout.Kind.values or language not in LANGUAGES:
        raise DomainError(_("Choose what to print, and in which language."), code="unknown_kind", item="kind")
    if study.version_id is None:
        raise DomainError(_("This study has no published version, so it has no forms."), code="not_published")
    if kind == Printout.Kind.CASEBOOK and may(actor, SECOND_ENTRY, study_id=study.pk, site_id=at):
        _refuse_first_entries(actor, study, site, subject)
    with ledger(actor, study.pk) as entry:
        printout = Printout.objects.create(
            study=study,
            kind=kind,
            site=site,
            subject=subject,
            language=language,
            requested_by_id=actor.user_id or 0,
            blinded=is_blinded(actor, study, at),
        )
        entry(
            action="casebook.printout.requested",
            obj=printout,
            label=str(printout),
            site_id=at,
            subject_id=subject.pk if subject else None,
            changes=[("kind", None, kind), ("language", None, language)],
            outbox=True,
        )
    return printout


def _refuse_first_entries(actor: Actor, study: Study, site: Site | None, subject: Subject | None) -> None:
    """A casebook would show the first entry to whoever may make the second."""
    subjects = Subject.objects.visible_to(actor).filter(study=study)
    if subject is not None:
        subjects = subjects.filter(pk=subject.pk)
    elif site is not None:
        subjects = subjects.filter(site=site)
    if kept_back(actor, study, subjects).exists():
        raise DomainError(
            _("Forms here wait for a second entry that you may make; a casebook would show you their first entry."),
            code="blind_entry",
        )


def claim_printout(printout_id: int) -> Printout | None:
    """Take a printout that waits; None where it is done or in other hands."""
    return claim(Printout, printout_id)


def make_printout(actor: Actor, printout: Printout) -> Printout:
    """Write a claimed printout with the rights its requester has now; on any error it is marked failed, with the reason."""
    path = path_of(printout)
    try:
        manifest = _write(printout, path)
    except Exception as error:
        path.unlink(missing_ok=True)
        _finish(actor, printout, Printout.Status.FAILED, error=str(error)[:1000] or type(error).__name__)
        raise
    _finish(actor, printout, Printout.Status.DONE, manifest=manifest, sha256=file_hash(path))
    return printout


def record_download(actor: Actor, printout: Printout) -> Path:
    """Hand out the file to who asked for it; recorded, since data leave."""
    require(actor, PRINT, study_id=printout.study_id)
    if printout.requested_by_id != actor.user_id:
        raise NotVisible
    path = checked_file(printout, path_of(printout))
    with ledger(actor, printout.study_id) as entry:
        entry(action="casebook.printout.downloaded", obj=printout, changes=[("sha256", None, printout.sha256)])
    return path


def run_waiting_printouts() -> int:
    """Make every printout that waits or was dropped by a dead worker; returns how many."""
    made = 0
    for pk in waiting_of(Printout):
        if printout := claim_printout(pk):
            make_printout(SYSTEM, printout)
            made += 1
    return made


def path_of(printout: Printout) -> Path:
    return jobs.path_of(FOLDER, printout.study.slug, printout.ending, printout)


def _write(printout: Printout, path: Path) -> dict[str, Any]:
    study = Study.objects.select_related("version").get(pk=printout.study_id)
    user = User.objects.get(pk=printout.requested_by_id)
    requester = Actor(user_id=user.pk, name=user.get_full_name())
    at = printout.site_id or (printout.subject.site_id if printout.subject else None)
    require(requester, PRINT, study_id=study.pk, site_id=at)
    path.parent.mkdir(parents=True, exist_ok=True)
    with translation.override(printout.language):
        if printout.kind != Printout.Kind.CASEBOOK:
            return _write_crf(requester, study, printout, path)
        reader = reader_of(requester, study, at)
        reader = Reader(reader.actor, reader.roles, blinded=reader.blinded or printout.blinded)
        subjects = Subject.objects.visible_to(requester).filter(study=study).select_related("site", "study__version")
        if printout.subject is not None and printout.site is not None:
            return _write_part(reader, printout.subject, printout.site, path)
        if printout.subject_id is not None:
            return _write_casebook(reader, subjects.get(pk=printout.subject_id), path)
        if printout.site_id is not None:
            subjects = subjects.filter(site_id=printout.site_id)
        return _write_zip(reader, list(subjects.order_by("number")), path, lambda *done: tick(printout, *done))


def _write_crf(requester: Actor, study: Study, printout: Printout, path: Path) -> dict[str, Any]:
    assert study.version_id is not None  # asked when it was requested
    protocol = get_protocol(study.version_id)
    hidden = protocol.hidden_from_blinded if printout.blinded or is_blinded(requester, study) else frozenset()
    story = Crf(protocol, annotated=printout.kind == Printout.Kind.ANNOTATED, hidden=hidden)
    pages = printed(path, str(Printout.Kind(printout.kind).label), in_language(study.title), requester.name, story)
    return {"pages": pages}


def _write_casebook(reader: Reader, subject: Subject, path: Path) -> dict[str, Any]:
    """One subject's file; refused where it does not hold as many values as the database."""
    story = CasebookStory(reader, subject)
    head = f"{in_language(subject.study.title)[:70]} · {subject.number}"
    pages = printed(path, _("Casebook"), head, reader.actor.name, story)
    expected = values_in_database(subject, subject.study, blinded=reader.blinded)
    if story.values != expected:
        raise PrintMismatch(f"{subject.number}: {story.values} values printed, {expected} in the database")
    return {"subject": subject.number, "values": story.values, "forms": story.forms, "pages": pages}


def _transfer(subject: Subject, site: Site) -> SubjectTransfer | None:
    return SubjectTransfer.objects.filter(subject=subject, from_site=site).order_by("-pk").first()


def _write_part(reader: Reader, subject: Subject, site: Site, path: Path) -> dict[str, Any]:
    """A former site's part of a casebook, as it stood when the subject left."""
    transfer = _transfer(subject, site)
    if transfer is None:
        raise NotVisible
    story = CasebookStory(reader, subject, until=transfer.at)
    head = f"{in_language(subject.study.title)[:60]} · {subject.number} · {site.code}"
    pages = printed(path, _("Casebook"), head, reader.actor.name, story)
    return {"subject": subject.number, "values": story.values, "forms": story.forms, "pages": pages}


def _write_zip(
    reader: Reader, subjects: list[Subject], path: Path, on_progress: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """One file a subject, made one after the other beside the zip, and a manifest with the hash of each."""
    files = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for number, subject in enumerate(subjects):
            on_progress(number, len(subjects), subject.number)
            one = Path(folder) / "one.pdf"
            made = _write_casebook(reader, subject, one)
            archive.write(one, f"{subject.number}.pdf")
            files.append(made | {"name": f"{subject.number}.pdf", "sha256": file_hash(one)})
        manifest = {"files": files, "values": sum(file["values"] for file in files), "pages": sum(f["pages"] for f in files)}
        archive.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
    return manifest


def printed(path: Path, title: str, head: str, by: str, story: Iterable[Any]) -> int:
    """Write the story; gives the number of pages."""
    return pdf.Printout(str(path), title, head, by).write(story).close()


def _finish(
    actor: Actor,
    printout: Printout,
    status: str,
    *,
    manifest: dict[str, Any] | None = None,
    sha256: str = "",
    error: str = "",
) -> None:
    with ledger(actor, printout.study_id) as entry:
        printout.status, printout.sha256, printout.error, printout.finished_at = status, sha256, error, timezone.now()
        if manifest:
            printout.manifest, printout.progress, printout.stage = manifest, 100, ""
            printout.file_name = path_of(printout).name
        printout.save()
        entry(
            action="casebook.printout.finished" if status == Printout.Status.DONE else "casebook.printout.failed",
            obj=printout,
            label=str(printout),
            changes=[("sha256", None, sha256)] if sha256 else [("error", None, error)],
            details={"requested_by": printout.requested_by_id},
        )
