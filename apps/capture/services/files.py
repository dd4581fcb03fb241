"""Taking in a file. It becomes part of the data only when a record that names it is saved."""

import hashlib
import uuid
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.files import SIZE_MAX, type_of
from apps.capture.models import Attachment
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.scanning import scan
from apps.capture.services.records import refuse_closed
from apps.common.actors import Actor
from apps.common.errors import DomainError, NotVisible

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


def store_file(actor: Actor, ref: RecordRef, item_oid: str, upload: "UploadedFile[bytes]") -> Attachment:
    """Keep an uploaded file outside the web root and return its row, whose id is the item's value.

    Refused: another type than PDF, PNG, JPEG, TIFF or DICOM by content, a name that lies about it, more than 50 MB,
    what the virus scanner finds, and everything while it does not answer.
    """
    place = load_place(actor, ref)
    place.require(place.entry_right)
    refuse_closed(place)
    item = place.visible_items().get(item_oid)
    if item is None or item.definition.type != "file":
        raise NotVisible
    content_type = _checked_type(upload)
    scan(upload)
    return _keep(actor, place, item_oid, upload, content_type)


def _checked_type(upload: "UploadedFile[bytes]") -> str:
    if (upload.size or 0) > SIZE_MAX:
        raise DomainError(
            _("The file has more than %(limit)s MB.") % {"limit": SIZE_MAX // 1024 // 1024}, code="file_too_large"
        )
    upload.seek(0)
    found = type_of(upload.read(200))
    ending = PurePath(upload.name or "").suffix.lower().lstrip(".")
    if found is None:
        raise DomainError(_("Only PDF, PNG, JPEG, TIFF and DICOM files are taken."), code="file_type")
    if ending not in found[1]:
        raise DomainError(
            _("The file is named “.%(ending)s”, but its content is %(type)s.") % {"ending": ending[:10], "type": found[0]},
            code="file_lies",
        )
    return found[0]


def _keep(actor: Actor, place: RecordPlace, item_oid: str, upload: "UploadedFile[bytes]", content_type: str) -> Attachment:
    digest = hashlib.sha256()
    upload.seek(0)
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    key = uuid.uuid4()
    # written before the row: a crash leaves a file that nobody names, never a row without its file
    path = default_storage.save(f"attachments/{place.study.pk}/{key}", upload)
    with ledger(actor, place.study.pk) as entry:
        attachment = Attachment.objects.create(
            id=key,
            study_id=place.study.pk,
            subject_id=place.subject.pk,
            form_oid=place.form.oid,
            item_oid=item_oid,
            name=PurePath(upload.name or "file").name[:255],
            content_type=content_type,
            size=upload.size or 0,
            sha256=digest.hexdigest(),
            path=path,
            uploaded_by_id=actor.user_id,
        )
        entry(
            action="capture.file.stored",
            obj=attachment,
            label=f"{place.title} {item_oid}",
            site_id=place.site.pk,
            subject_id=place.subject.pk,
            changes=[("name", None, attachment.name), ("sha256", None, attachment.sha256)],
            audience="unblinded" if place.form.blinded else "",
        )
    return attachment
