"""Files of items: recognised by their bytes, bounded in size, belonging to one subject and item."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.entering import Problem
from apps.capture.models import Attachment
from apps.capture.paths import item_of, paths_of
from apps.capture.places import RecordPlace

SIZE_MAX = 50 * 1024 * 1024
# what a file is, by its first bytes: (offset, bytes, type, endings)
SIGNATURES: tuple[tuple[int, bytes, str, tuple[str, ...]], ...] = (
    (0, b"%PDF-", "application/pdf", ("pdf",)),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (0, b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    (128, b"DICM", "application/dicom", ("dcm", "dicom")),
    (0, b"II*\x00", "image/tiff", ("tif", "tiff")),
    (0, b"MM\x00*", "image/tiff", ("tif", "tiff")),
)
SHOWN_INLINE = frozenset({"application/pdf", "image/png", "image/jpeg"})


def type_of(head: bytes) -> tuple[str, tuple[str, ...]] | None:
    """(content type, endings that fit) of the file that begins so; None for what is not taken."""
    for offset, mark, content_type, endings in SIGNATURES:
        if head[offset : offset + len(mark)] == mark:
            return content_type, endings
    return None


def refuse_foreign_files(place: RecordPlace, data: Mapping[str, Any]) -> list[Problem]:
    """A file item names a file that was uploaded for this subject and item, no other."""
    wanted = {
        path: value
        for path, value in paths_of(dict(data)).items()
        if (item := place.form.items.get(item_of(path))) is not None
        and item.definition.type == "file"
        and isinstance(value, str)
    }
    if not wanted:
        return []
    rows = Attachment.objects.filter(pk__in=wanted.values(), subject_id=place.subject.pk, form_oid=place.form.oid)
    known = {(str(pk), item_oid) for pk, item_oid in rows.values_list("pk", "item_oid")}
    message = _("This file was not uploaded for this item.")
    return [Problem(path, message, "file") for path, value in wanted.items() if (value, item_of(path)) not in known]
