"""The virus scanner of uploaded files. Where one is set, nothing is taken that it did not pass, whatever its failure."""

import socket
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from apps.common.errors import DomainError

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

log = structlog.get_logger(__name__)
PATIENCE = 30  # seconds for clamd's answer
CLAMD_PORT = 3310
ANSWER_MAX = 4096


class ScannerFailed(Exception):
    """The scanner gave no verdict."""


def scan(upload: "UploadedFile[bytes]") -> None:
    """settings.FILE_SCANNER: clamd://host:port, clamd:///path/of/its/socket, or the dotted name of a function.

    The function takes the open file and gives the name of what it found, or "". DomainError where something was found
    and where the scanner did not answer.
    """
    scanner = settings.FILE_SCANNER
    if not scanner:
        return
    upload.seek(0)
    try:
        found = _clamd(scanner, upload.chunks()) if scanner.startswith("clamd:") else import_string(scanner)(upload)
    except Exception as error:  # whatever it was: an unchecked file is not taken
        log.error("file_scanner_failed", scanner=scanner, error=repr(error))
        raise DomainError(
            _("The virus scanner does not answer, so the file is not taken. Try again later, or tell the operator."),
            code="file_scanner",
        ) from error
    if found:
        raise DomainError(_("The virus scanner refuses the file: %(found)s.") % {"found": found}, code="file_virus")


def _clamd(address: str, chunks: Iterable[bytes]) -> str:
    """The name of what clamd found, "" for nothing; the file is sent through its INSTREAM command."""
    where = urlsplit(address)
    with _connection(where.hostname, where.port or CLAMD_PORT, where.path) as connection:
        connection.sendall(b"zINSTREAM\0")
        for chunk in chunks:
            connection.sendall(struct.pack("!L", len(chunk)) + chunk)
        connection.sendall(struct.pack("!L", 0))
        answer = _line(connection)
    verdict = answer.removeprefix("stream: ")
    if verdict == "OK":
        return ""
    if verdict.endswith(" FOUND"):
        return verdict.removesuffix(" FOUND")
    raise ScannerFailed(answer)


def _connection(host: str | None, port: int, path: str) -> socket.socket:
    if host:
        return socket.create_connection((host, port), timeout=PATIENCE)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    connection.connect(path)
    return connection


def _line(connection: socket.socket) -> str:
    """One answer, which ends with a zero byte or with the connection."""
    answer = b""
    while b"\0" not in answer and len(answer) < ANSWER_MAX and (more := connection.recv(ANSWER_MAX)):
        answer += more
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()
