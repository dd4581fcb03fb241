"""Small pictures of images that belong to the data, made once and kept beside the file."""

import io

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from PIL import Image, UnidentifiedImageError

from apps.capture.models import Attachment

EDGE = 240  # pixels
PIXELS_MAX = 60_000_000  # a larger image is not opened: it may be made to fill the memory
DRAWN = frozenset({"image/png", "image/jpeg", "image/tiff"})


def thumbnail_of(attachment: Attachment) -> File | None:
    """The open small picture as PNG; None for what is no image, is too large, or is damaged."""
    if attachment.content_type not in DRAWN:
        return None
    path = f"{attachment.path}.thumbnail.png"
    if not default_storage.exists(path):
        picture = _draw(attachment)
        if picture is None:
            return None
        default_storage.save(path, ContentFile(picture))
    return default_storage.open(path)


def _draw(attachment: Attachment) -> bytes | None:
    try:
        with default_storage.open(attachment.path) as file, Image.open(file) as image:
            if image.width * image.height > PIXELS_MAX:
                return None
            image.thumbnail((EDGE, EDGE))
            small = io.BytesIO()
            image.convert("RGB").save(small, "PNG")
            return small.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
