"""Printouts: every value that the database holds and no other, in both languages, for who may read it."""

import io
import json
import tracemalloc
import zipfile

import pytest
from django.conf import settings
from django.urls import reverse
from pypdf import PdfReader

from apps.audit.models import Event
from apps.capture.places import RecordRef
from apps.capture.services import inactivate_record, open_query
from apps.casebook import services
from apps.casebook.models import Printout
from apps.casebook.printing.casebook import values_in_database
from apps.common import pdf
from apps.common.errors import DomainError, Forbidden, NotVisible
from apps.randomization.selectors import arm_code
from apps.review.services import sign_data
from apps.studies.models import Membership
from tests.journeys import enter, randomized, screened


@pytest.fixture
def subject(site, personas):
    """With a hidden value, a missing one, another unit, a table, a query, a signature and a record taken out."""
    subject = screened(site)
    enter(subject, "VS", "SCR", FEVER="Y", TEMP="38.5", HEIGHT={"missing": "ND"}, WEIGHT={"value": "9500", "unit": "g"})
    enter(subject, "VS", "SCR", FEVER="N")
    lines = [{"_key": "aaaa", "AETRT": "布洛芬"}, {"_key": "bbbb", "AETRT": "Paracetamol", "_inactive": "entered twice"}]
    enter(subject, "AE", complete=True, AETERM="Fever 😀", AESTDAT="2024-05", AESER="N", AETREAT=lines)
    gone = enter(subject, "AE", repeat=2, AETERM="Cough")
    inactivate_record(personas["coordinator"].actor, RecordRef.of(gone), gone.revision, reason="another child's")
    record = enter(subject, "DX", "SCR", complete=True)
    open_query(personas["monitor"].actor, record, item_oid="SHRINK", text="Really shrunk?")
    sign_data(personas["investigator"].actor, record, {record.pk: record.revision})
    return subject


def made(personas, study, who="monitor", **more):
    asked = {"kind": "casebook", "language": "en"} | more
    printout = services.request_printout(personas[who].actor, study, **asked)
    return services.make_printout(personas[who].actor, services.claim_printout(printout.pk))


def text_of(source) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(source).pages)


def test_it_works(subject, personas, small_trial):
    printout = made(personas, small_trial, subject=subject)
    text = text_of(services.path_of(printout))
    assert printout.manifest["values"] == values_in_database(subject, small_trial, blinded=False)
    for words in (
        *(subject.number, "Shrinkage", "12.5 %", "Not done", "9.5 kg", "9500 g", "38.5", "hidden by other answers"),
        *("布洛芬", "taken out: entered twice", "another child's", "Cough", "[U+1F600]", "Really shrunk?"),
        *(personas["investigator"].user.full_name, "I have reviewed this form", "Audit trail", "Form saved"),
    ):
        assert words in text, words
    reader = PdfReader(services.path_of(printout))
    assert "Page 1 of" in text and len(reader.pages) == printout.manifest["pages"]
    assert reader.outline


def test_in_chinese(subject, personas, small_trial):
    text = text_of(services.path_of(made(personas, small_trial, subject=subject, language="zh-hans")))
    for words in ("缩小率", "未做", "稽查轨迹", "小型试验", "签名"):
        assert words in text, words
    assert "Shrinkage" not in text


def test_every_value_of_the_database_stands_in_it(subject, personas, small_trial):
    text = text_of(services.path_of(made(personas, small_trial, subject=subject))).replace("\n", "")
    for record in subject.records.all():
        for value in record.data.values():
            if isinstance(value, str) and value not in {"Y", "N", "F"}:
                assert value.replace("😀", "[U+1F600]") in text, value


def test_a_count_that_differs_fails_the_printout(subject, personas, small_trial, monkeypatch):
    monkeypatch.setattr("apps.casebook.services.values_in_database", lambda *_args, **_more: 1)
    with pytest.raises(services.PrintMismatch):
        made(personas, small_trial, subject=subject)
    printout = Printout.objects.get()
    assert printout.status == "failed" and "1 in the database" in printout.error
    assert not services.path_of(printout).exists()


def test_a_site_is_a_zip_with_a_manifest(subject, site, second_site, personas, small_trial):
    other = screened(second_site)
    with zipfile.ZipFile(services.path_of(made(personas, small_trial, site=site))) as archive:
        assert set(archive.namelist()) == {f"{subject.number}.pdf", "manifest.json"}
    printout = made(personas, small_trial)
    with zipfile.ZipFile(services.path_of(printout)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {file["subject"] for file in manifest["files"]} == {subject.number, other.number}
        assert manifest["values"] == sum(values_in_database(one, small_trial, blinded=False) for one in (subject, other))
        assert other.number in text_of(io.BytesIO(archive.read(f"{other.number}.pdf")))


def test_a_site_person_prints_their_own_site_only(subject, second_site, personas, small_trial):
    other = screened(second_site)
    with zipfile.ZipFile(services.path_of(made(personas, small_trial, who="investigator"))) as archive:
        assert f"{other.number}.pdf" not in archive.namelist()
    with pytest.raises(Forbidden):
        services.request_printout(personas["investigator"].actor, small_trial, kind="casebook", language="en", subject=other)


def test_the_blinded_print_nothing_of_the_arm(site, personas, small_trial):
    subject = randomized(site)
    day = subject.records.get(form_oid="IC").data["RFICDAT"]
    enter(subject, "EC", ECSTDAT=day, ECDOSE="0.43", ECFREQ="BID")
    person = personas["monitor"]
    assert "0.43" in text_of(services.path_of(made(personas, small_trial, subject=subject)))
    Membership.objects.create(user=person.user, study=small_trial, role="outcome_assessor")
    printout = made(personas, small_trial, subject=subject)
    text = text_of(services.path_of(printout))
    assert printout.manifest["values"] == values_in_database(subject, small_trial, blinded=True)
    for words in ("0.43", "Dose log", "Taper", "TAPER", "Low dose", "High dose", "On treatment", arm_code(subject)):
        assert words not in text.replace("Page", ""), words
    for kind in ("blank", "annotated"):
        text = text_of(services.path_of(made(personas, small_trial, kind=kind)))
        assert "Dose log" not in text and "Taper" not in text and "Demography" in text


CRFS = [("blank", ["Demography", "Male", "10⁹/L"]), ("annotated", ["HEMDAT", "CDASH", "PLT"])]


@pytest.mark.parametrize(("kind", "words"), CRFS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_crf_without_data(personas, small_trial, kind, words, language):
    text = text_of(services.path_of(made(personas, small_trial, kind=kind, language=language)))
    for word in words if language == "en" else ["人口学资料"]:
        assert word.replace("⁹", "9") in text, word


def test_what_is_not_the_requesters_is_not_there(subject, personas, small_trial):
    printout = made(personas, small_trial, subject=subject)
    assert services.record_download(personas["monitor"].actor, printout)
    with pytest.raises(NotVisible):
        services.record_download(personas["data_manager"].actor, printout)
    assert Event.objects.filter(action="casebook.printout.downloaded").count() == 1


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_damaged_file_is_not_given_out(subject, personas, small_trial, harm):
    printout = made(personas, small_trial, subject=subject)
    path = services.path_of(printout)
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DomainError):
        services.record_download(personas["monitor"].actor, printout)


@pytest.mark.parametrize("who", ["outcome_assessor", "coder", "pharmacist", "outsider", "operator"])
def test_who_may_not(subject, personas, small_trial, who):
    with pytest.raises(Forbidden):
        services.request_printout(personas[who].actor, small_trial, kind="casebook", language="en")


# -- the page


def test_the_page_asks_shows_and_hands_out(subject, personas, small_trial, run_outbox):
    client, address = personas["monitor"].client, reverse("casebook:printouts", args=[small_trial.slug])
    typed = {"kind": "casebook", "language": "en", "subject": subject.number}
    assert client.post(address, typed).status_code == 302
    run_outbox()
    services.run_waiting_printouts()
    page = client.get(address)
    printout = Printout.objects.get()
    assert printout.status == "done" and str(printout.manifest["values"]) in page.text
    file = client.post(reverse("casebook:printout_download", args=[small_trial.slug, printout.pk]))
    assert b"".join(file.streaming_content).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "typed",
    [
        {"kind": "x", "language": "en"},
        {"kind": "casebook", "language": "fr"},
        {"kind": "casebook", "language": "en", "subject": "99-999"},
        {"kind": "casebook", "language": "en", "subject": "\0"},
        {"kind": "casebook", "language": "en", "site": "999999"},
    ],
)
def test_bad_input_is_said_and_asks_for_nothing(subject, personas, small_trial, typed):
    page = personas["monitor"].client.post(reverse("casebook:printouts", args=[small_trial.slug]), typed)
    assert page.status_code == 422
    assert not Printout.objects.exists()


# -- worksheets


@pytest.mark.parametrize(("language", "words"), [("en", "Vital signs"), ("zh-hans", "生命体征"), ("xx", "Vital signs")])
def test_a_worksheet_names_subject_and_visit(subject, personas, small_trial, language, words):
    visit = subject.visits.get(code="SCR")
    address = reverse("casebook:visit_worksheet", args=[small_trial.slug, subject.number, visit.pk])
    response = personas["coordinator"].client.get(address, {"language": language})
    text = text_of(io.BytesIO(response.content))
    assert response["Content-Type"] == "application/pdf"
    assert subject.number in text and words in text
    assert "12.5" not in text  # it holds no data


def test_a_log_has_one_too_and_the_blinded_no_hidden_one(subject, personas, small_trial):
    def ask(who, form):
        address = reverse("casebook:log_worksheet", args=[small_trial.slug, subject.number, form])
        return personas[who].client.get(address).status_code

    assert (ask("coordinator", "EC"), ask("blinded", "EC"), ask("blinded", "AE"), ask("coordinator", "NO")) == (
        200,
        404,
        200,
        404,
    )


# -- the font and the memory


def test_every_sign_that_we_print_has_a_glyph(small_trial):
    known = pdf.register_fonts()
    folder = settings.BASE_DIR
    texts = [path.read_text(encoding="utf-8") for path in (folder / "fixtures").rglob("*.yaml")]
    texts.append((folder / "locale/zh_Hans/LC_MESSAGES/django.po").read_text(encoding="utf-8"))
    signs = {sign for text in texts for sign in text if ord(sign) > 32}
    missing = {sign for sign in signs if ord(sign) not in known and ord(sign) not in pdf.RAISED}
    assert not missing


def test_a_long_text_runs_over_pages(tmp_path):
    story = [pdf.table([["Narrative", "很长的叙述。" * 3000]], [1, 3])]
    assert pdf.Printout(str(tmp_path / "long.pdf"), "t", "h", "b").write(story).close() > 3


def test_a_thousand_pages_need_hardly_more_memory_than_a_hundred(tmp_path):
    def peak(pages: int) -> int:
        def story():
            for number in range(pages):
                yield pdf.PageBreak()
                yield pdf.Bookmark(f"Visit {number}")
                yield pdf.table([[f"Item {line}", f"值 {number}"] for line in range(4)], [1, 1])

        tracemalloc.start()
        assert pdf.Printout(str(tmp_path / "many.pdf"), "t", "h", "b").write(story()).close() == pages
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # the fonts are read
    assert peak(1000) < 8 * peak(100)
