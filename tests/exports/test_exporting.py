import csv
import hashlib
import io
import json
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import Seal
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.exports import services
from apps.exports.models import Export
from apps.exports.tasks import make, sweep
from apps.exports.writing import ExportMismatch
from apps.randomization.selectors import arm_code
from apps.review.services import mark_record, sign_data
from apps.studies.models import Membership
from apps.studies.services import end_role
from tests.journeys import enter, randomized, screened


def exported(persona, study, **options) -> zipfile.ZipFile:
    export = services.request_export(persona.actor, study, **options)
    make(export.pk)
    export.refresh_from_db()
    assert export.status == Export.Status.DONE, export.error
    return zipfile.ZipFile(services.path_of(export))


def rows(archive, name):
    return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8"))))


@pytest.fixture
def subject(site):
    return screened(site, SHRINK="7.0", DXNOTE='=1+1, "quoted"\nsecond line 中文')


def test_it_works(subject, small_trial, personas):
    archive = exported(personas["monitor"], small_trial)
    (row,) = rows(archive, "DX")
    assert row["SUBJID"] == subject.number
    assert row["SHRINK"] == "7.0"  # as typed, the zero kept
    assert row["DXNOTE"] == '=1+1, "quoted"\nsecond line 中文'
    assert (row["KMP"], row["VISIT"], row["SITEID"]) == ("N", "SCR", "01")


def test_codes_come_with_labels_in_the_askers_language(subject, small_trial, personas):
    person = personas["monitor"]
    assert rows(exported(person, small_trial), "DM")[0]["SEX_LABEL"] == "Female"
    person.user.language = "zh-hans"
    person.user.save()
    assert rows(exported(person, small_trial), "DM")[0]["SEX_LABEL"] == "女"


def test_a_missing_code_has_a_column_of_its_own(subject, small_trial, personas):
    enter(subject, "HEM", "SCR", PLT={"missing": "ND"}, HGB="112")
    (row,) = rows(exported(personas["monitor"], small_trial), "HEM")
    assert (row["PLT"], row["PLT_MISS"]) == ("", "ND")
    assert (row["HGB"], row["HGB_MISS"]) == ("112", "")


def test_a_text_that_looks_like_a_missing_code_is_a_text(subject, small_trial, personas):
    enter(subject, "DX", "SCR", DXNOTE='{"missing": "ND"}')
    (row,) = rows(exported(personas["monitor"], small_trial), "DX")
    assert (row["DXNOTE"], row["DXNOTE_MISS"]) == ('{"missing": "ND"}', "")


def test_a_hidden_value_is_kept_and_left_out(subject, small_trial, personas):
    enter(subject, "VS", "SCR", FEVER="Y", TEMP="39.2")
    assert rows(exported(personas["monitor"], small_trial), "VS")[0]["TEMP"] == "39.2"
    record = enter(subject, "VS", "SCR", FEVER="N")
    assert record.data["TEMP"] == "39.2"
    assert rows(exported(personas["monitor"], small_trial), "VS")[0]["TEMP"] == ""


def test_lines_of_a_group_are_rows_of_their_own_without_inactive_ones(subject, small_trial, personas):
    lines = [{"AETRT": "Paracetamol", "AETRTWHY": ["PAIN", "FEVER"]}, {"AETRT": "Ibuprofen"}]
    enter(subject, "AE", AETERM="Fever", AESTDAT="2024-05", AESER="N", AETREAT=lines)
    archive = exported(personas["monitor"], small_trial)
    found = rows(archive, "AE_AETREAT")
    assert [row["AETRT"] for row in found] == ["Paracetamol", "Ibuprofen"]
    assert (found[0]["AETRTWHY"], found[0]["AETRTWHY_LABEL"]) == ("PAIN;FEVER", "Pain;Fever")
    assert rows(archive, "AE")[0]["AESTDAT"] == "2024-05"


def test_the_manifest_tells_what_the_files_hold(subject, small_trial, personas):
    archive = exported(personas["monitor"], small_trial)
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["ledger"]["position"] > 0
    for file in manifest["files"]:
        content = archive.read(file["name"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        read = list(csv.reader(io.StringIO(content.decode("utf-8"))))
        assert (len(read) - 1, len(read[0])) == (file["rows"], file["columns"]), file["name"]


def test_the_ledger_is_sealed_before_an_export(subject, small_trial, personas):
    exported(personas["monitor"], small_trial)
    seal = Seal.objects.filter(chain=f"study:{small_trial.pk}").latest("pk")
    assert 0 < seal.seq <= Export.objects.get().position


def test_a_count_that_differs_fails_loudly_and_leaves_no_file(subject, small_trial, personas, monkeypatch):
    from psycopg import sql

    monkeypatch.setattr("apps.exports.writing.source_sql", lambda *_: sql.SQL("FROM (VALUES (1), (2), (3)) AS t(x)"))
    export = services.request_export(personas["monitor"].actor, small_trial)
    with pytest.raises(ExportMismatch):
        services.make_export(SYSTEM, services.claim_export(export.pk))
    export.refresh_from_db()
    assert export.status == Export.Status.FAILED
    assert "3 in the database" in export.error
    assert not services.path_of(export).exists()


def test_only_complete_records_when_asked(subject, small_trial, personas):
    enter(subject, "ELIG", "SCR", complete=True, OTHBLOOD="N")
    archive = exported(personas["monitor"], small_trial, status="complete")
    assert len(rows(archive, "ELIG")) == 1
    assert rows(archive, "DX") == []


def test_an_investigator_exports_their_own_site(subject, second_site, small_trial, personas):
    screened(second_site)
    assert {row["SITEID"] for row in rows(exported(personas["investigator"], small_trial), "DM")} == {"01"}
    assert {row["SITEID"] for row in rows(exported(personas["monitor"], small_trial), "DM")} == {"01", "02"}
    with pytest.raises(DomainError):
        services.request_export(personas["investigator"].actor, small_trial, site_codes=["02"])


@pytest.mark.parametrize("who", ["coordinator", "outsider", "operator", "nobody", "outcome_assessor"])
def test_who_may_not_export(subject, small_trial, personas, who):
    with pytest.raises(Forbidden):
        services.request_export(personas[who].actor, small_trial)


def test_a_role_that_ended_in_between_ends_the_export(subject, small_trial, personas):
    export = services.request_export(personas["monitor"].actor, small_trial)
    end_role(SYSTEM, personas["monitor"].user.memberships.get(), reason="Left")
    with pytest.raises(Forbidden):
        services.make_export(SYSTEM, services.claim_export(export.pk))
    export.refresh_from_db()
    assert export.status == Export.Status.FAILED


def test_a_blinded_export_tells_nothing_of_the_arm(site, small_trial, personas, run_outbox):
    subject = randomized(site)
    enter(subject, "EC", ECSTDAT=f"{timezone.localdate()}", ECDOSE="0.4", ECFREQ="BID")
    run_outbox()
    open_names = set(exported(personas["monitor"], small_trial).namelist())
    assert {"EC.csv", "PC.csv", "LEVELS.csv", "ALLOCATION.csv"} <= open_names
    Membership.objects.create(user=personas["monitor"].user, study=small_trial, role="outcome_assessor")
    archive = exported(personas["monitor"], small_trial)
    assert not {"EC.csv", "PC.csv", "LEVELS.csv", "ALLOCATION.csv"} & set(archive.namelist())
    for name in archive.namelist():
        text = archive.read(name).decode("utf-8")
        assert "TAPER" not in text, name
        assert arm_code(subject) not in text.replace("low", ""), name
        assert "ECDOSE" not in text, name


def test_whether_treatment_began_is_not_for_the_blinded(site, small_trial, personas):
    subject = randomized(site)
    enter(subject, "EC", ECSTDAT=f"{timezone.localdate()}", ECDOSE="0.4", ECFREQ="BID")
    subject.refresh_from_db()
    assert subject.status == "on_treatment"
    archive = exported(personas["monitor"], small_trial)
    assert rows(archive, "SUBJECTS")[0]["STATUS"] == rows(archive, "DM")[0]["SUBJSTAT"] == "on_treatment"
    Membership.objects.create(user=personas["monitor"].user, study=small_trial, role="outcome_assessor")
    archive = exported(personas["monitor"], small_trial)
    assert rows(archive, "SUBJECTS")[0]["STATUS"] == rows(archive, "DM")[0]["SUBJSTAT"] == "randomized"


def test_two_workers_make_it_once_and_a_dead_ones_work_is_taken_up(subject, small_trial, personas):
    export = services.request_export(personas["monitor"].actor, small_trial)
    assert services.claim_export(export.pk) is not None
    assert services.claim_export(export.pk) is None
    Export.objects.update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    assert sweep() == 1
    export.refresh_from_db()
    assert export.status == Export.Status.DONE


def test_the_page_asks_and_hands_out(subject, small_trial, personas, run_outbox):
    client = personas["monitor"].client
    address = reverse("exports:list", args=[small_trial.slug])
    assert client.post(address, {"status": "all"}).status_code == 302
    export = Export.objects.get()
    make(export.pk)
    assert "hx-get" not in client.get(reverse("exports:progress", args=[small_trial.slug, export.pk])).text
    answer = client.post(reverse("exports:download", args=[small_trial.slug, export.pk]))
    export.refresh_from_db()
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == export.sha256


def test_a_damaged_file_is_never_handed_out(subject, small_trial, personas):
    exported(personas["monitor"], small_trial)
    export = Export.objects.get()
    with services.path_of(export).open("ab") as file:
        file.write(b"x")
    with pytest.raises(DomainError) as refusal:
        services.record_download(personas["monitor"].actor, export)
    assert refusal.value.code == "no_file"


def test_anothers_export_does_not_exist(subject, small_trial, personas):
    exported(personas["monitor"], small_trial)
    export = Export.objects.get()
    for who in ("data_manager", "investigator", "outsider"):
        address = reverse("exports:download", args=[small_trial.slug, export.pk])
        assert personas[who].client.post(address).status_code == 404


def test_unknown_choices_on_the_page_change_nothing(small_trial, personas):
    address = reverse("exports:list", args=[small_trial.slug])
    page = personas["monitor"].client.post(address, {"status": "everything", "sites": ["99"]})
    assert page.status_code == 200
    assert not Export.objects.exists()


def test_signatures_and_reviews_are_in_it(site, small_trial, personas, run_outbox):
    subject = randomized(site)
    day = f"{timezone.localdate()}"
    form = enter(subject, "DX", "SCR", complete=True)
    dose = enter(subject, "EC", complete=True, ECSTDAT=day, ECDOSE="0.4", ECFREQ="BID")
    for record in (form, dose):
        sign_data(personas["investigator"].actor, record, {record.pk: record.revision})
        mark_record(personas["monitor"].actor, record, record.revision, kind="sdv")
    enter(subject, "DX", "SCR", SHRINK="20.0")
    archive = exported(personas["monitor"], small_trial)
    signed = {row["FORM"]: row for row in rows(archive, "SIGNATURES") if row["LEVEL"] == "record"}
    assert signed["DX"]["SIGNEDBY"] == personas["investigator"].user.full_name
    assert signed["DX"]["MEANING"].startswith("I have reviewed this form")
    assert (signed["DX"]["RECORDS"], signed["DX"]["UNCHANGED"], signed["EC"]["UNCHANGED"]) == ("1", "0", "1")
    current = {(row["FORM"], row["ITEM"]): row["CURRENT"] for row in rows(archive, "REVIEWS")}
    assert (current["DX", "SHRINK"], current["DX", "KMP"], current["EC", "ECDOSE"]) == ("N", "Y", "Y")
    Membership.objects.create(user=personas["monitor"].user, study=small_trial, role="outcome_assessor")
    archive = exported(personas["monitor"], small_trial)
    assert "EC" not in {row["FORM"] for name in ("SIGNATURES", "REVIEWS") for row in rows(archive, name)}
