"""Drafts keep what was typed; files are what their bytes say."""

import hashlib
import socket
import threading
from collections.abc import Iterator

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.capture.entering import Refused
from apps.capture.models import Attachment, Draft
from apps.capture.selectors import attachment_for, draft_of, record_for
from apps.capture.services import discard_draft, save_draft, save_record, store_file
from apps.common.errors import DomainError, Forbidden, NotVisible

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 200


def test_it_works(small):
    save_draft(small.actor(), small.ref("VS"), {"WEIGHT": "1x", "LESION": [{"LESLOC": "a"}]}, 0)
    save_draft(small.actor(), small.ref("VS"), {"WEIGHT": "16"}, 0)
    draft = draft_of(record_for(small.actor(), small.ref("VS")))
    assert draft.data == {"WEIGHT": "16"}
    assert discard_draft(small.actor(), small.ref("VS"))
    assert not Draft.objects.exists()


def test_a_draft_is_the_persons_own(small):
    save_draft(small.actor(), small.ref("VS"), {"WEIGHT": "16"}, 0)
    assert draft_of(record_for(small.actor("monitor"), small.ref("VS"))) is None
    assert draft_of(record_for(small.actor(), small.ref("VS", "W2"))) is None


def test_who_may_not_enter_may_not_keep_a_draft(small):
    with pytest.raises(Forbidden):
        save_draft(small.actor("monitor"), small.ref("VS"), {}, 0)
    with pytest.raises(NotVisible):
        save_draft(small.actor("other_site"), small.ref("VS"), {}, 0)


@pytest.mark.parametrize("value", ["x" * 1_000_001, "a\0b", "\ud800"])
def test_a_draft_that_no_form_can_hold_is_refused(small, value):
    with pytest.raises(DomainError):
        save_draft(small.actor(), small.ref("VS"), {"REMARK": value}, 0)


def upload(name: str = "scan.png", content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def test_a_file_becomes_the_value_of_its_item(small):
    stored = store_file(small.actor(), small.ref("VS"), "IMAGE", upload())
    record = save_record(small.actor(), small.ref("VS"), {"IMAGE": str(stored.pk)}, 0)
    assert record.data["IMAGE"] == str(stored.pk)
    assert stored.content_type == "image/png"
    with default_storage.open(stored.path) as kept:
        assert kept.read() == PNG
    assert attachment_for(record_for(small.actor("monitor"), small.ref("VS")), stored.pk) == stored


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("scan.png", b"<html>", "file_type"),
        ("scan.pdf", PNG, "file_lies"),
        ("scan", PNG, "file_lies"),
        ("page.svg", b"<svg/>", "file_type"),
    ],
)
def test_a_file_that_lies_about_its_type_is_refused(small, name, content, code):
    with pytest.raises(DomainError) as refusal:
        store_file(small.actor(), small.ref("VS"), "IMAGE", upload(name, content))
    assert refusal.value.code == code


def test_a_file_goes_to_a_file_item_only(small):
    with pytest.raises(NotVisible):
        store_file(small.actor(), small.ref("VS"), "REMARK", upload())


def test_another_subjects_file_is_no_value_here(small):
    other = small.subject.__class__.objects.create(
        study=small.study, site=small.site, number="01-002", screened_on=small.subject.screened_on
    )
    stored = store_file(small.actor(), small.ref("VS"), "IMAGE", upload())
    stored.__class__.objects.filter(pk=stored.pk).update(subject=other)
    with pytest.raises(Refused):
        save_record(small.actor(), small.ref("VS"), {"IMAGE": str(stored.pk)}, 0)
    with pytest.raises(NotVisible):
        attachment_for(record_for(small.actor(), small.ref("VS")), stored.pk)


def found_by_scanner(upload) -> str:
    return "EICAR"


def scanner_is_down(upload) -> str:
    raise ConnectionRefusedError


@pytest.mark.parametrize("scanner", [f"{__name__}.scanner_is_down", "no.such.function", "clamd://127.0.0.1:1"])
def test_a_scanner_that_fails_lets_nothing_through(small, settings, scanner):
    settings.FILE_SCANNER = scanner
    with pytest.raises(DomainError) as refusal:
        store_file(small.actor(), small.ref("VS"), "IMAGE", upload())
    assert refusal.value.code == "file_scanner"
    assert not Attachment.objects.exists()


@pytest.fixture
def clamd(tmp_path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(address, its next answer and what it was sent) of a clamd that answers as it is told."""
    told = {"answer": b"stream: OK\0", "sent": b""}
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "clamd"))
    server.listen()

    def serve() -> None:
        while True:
            try:
                peer = server.accept()[0]
            except OSError:
                return
            with peer, peer.makefile("rb") as file:
                assert file.read(10) == b"zINSTREAM\0"
                while size := int.from_bytes(file.read(4)):
                    told["sent"] += file.read(size)
                peer.sendall(told["answer"])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"clamd://{tmp_path / 'clamd'}", told
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def test_clamd_sees_the_whole_file_and_its_word_counts(small, settings, clamd):
    settings.FILE_SCANNER, told = clamd
    attachment = store_file(small.actor(), small.ref("VS"), "IMAGE", upload())
    assert hashlib.sha256(told["sent"]).hexdigest() == attachment.sha256
    refused = {b"stream: Eicar FOUND\0": "file_virus", b"INSTREAM size limit exceeded. ERROR\0": "file_scanner"}
    for answer, code in refused.items():
        told["answer"] = answer
        with pytest.raises(DomainError) as refusal:
            store_file(small.actor(), small.ref("VS"), "IMAGE", upload())
        assert refusal.value.code == code


def test_the_scanner_may_refuse(small, settings):
    settings.FILE_SCANNER = f"{__name__}.found_by_scanner"
    with pytest.raises(DomainError) as refusal:
        store_file(small.actor(), small.ref("VS"), "IMAGE", upload())
    assert refusal.value.code == "file_virus"
