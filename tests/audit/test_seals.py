"""A seal signs where a chain ends; copies leave the database at once and are never written twice."""

import json
import stat

import pytest
from django.db import transaction
from ledger_helpers import append, command, kinds

from apps.audit.copies import chain_file, known_keys
from apps.audit.models import Seal
from apps.audit.sealing import SealedPosition
from apps.audit.services import seal, seal_chains
from apps.common.errors import DomainError

pytestmark = pytest.mark.django_db


def lines(folder, chain: str = "study:1") -> list[dict]:
    return [json.loads(line) for line in chain_file(folder, chain).read_text().splitlines()]


def test_it_works(seal_folder):
    append(1, 3)
    sealed = seal(1)
    assert sealed.is_genuine() and (sealed.chain, sealed.seq) == ("study:1", 3)
    assert [SealedPosition.from_dict(line) for line in lines(seal_folder)] == [sealed]
    assert known_keys(seal_folder) == {sealed.public_key}
    assert stat.S_IMODE(seal_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(chain_file(seal_folder, "study:1").stat().st_mode) == 0o600


def test_a_chain_that_did_not_move_is_not_sealed_again(seal_folder):
    append(1)
    append(2)
    assert seal_chains() == 2
    assert seal_chains() == 0
    append(2)
    assert seal_chains() == 1
    assert len(lines(seal_folder)) == 1 and len(lines(seal_folder, "study:2")) == 2


def test_a_chain_without_events_has_no_seal():
    assert seal(7) is None


@pytest.mark.parametrize("changed", ["chain", "seq", "hash", "at"])
def test_whatever_a_seal_says_is_signed(changed):
    append(1)
    row = seal(1).as_dict()
    row[changed] = {"chain": "study:2", "seq": 2, "hash": "00" * 32, "at": "2020-01-01T00:00:00+00:00"}[changed]
    assert not SealedPosition.from_dict(row).is_genuine()


@pytest.mark.parametrize("key", ["", "no base64 !", "c2hvcnQ="])
def test_a_key_that_is_missing_or_wrong_is_said_clearly(settings, key):
    settings.SEAL_KEY = key
    append(1)
    with pytest.raises(DomainError, match="TRIALCAPTURE_SEAL_KEY") as refused:
        seal(1)
    assert refused.value.code == "no_seal_key"
    assert not Seal.objects.exists()


def test_a_copy_that_a_crash_prevented_is_made_with_the_next(seal_folder):
    append(1)
    seal(1)
    append(1)
    seal(1)
    kept = lines(seal_folder)
    chain_file(seal_folder, "study:1").write_text(json.dumps(kept[0]) + "\n")
    seal(1)
    assert lines(seal_folder) == kept


def test_a_line_that_a_crash_tore_is_written_again(seal_folder):
    append(1)
    seal(1)
    append(1)
    seal(1)
    path = chain_file(seal_folder, "study:1")
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert kinds() == set()
    seal(1)
    assert path.read_bytes() == whole


def test_a_line_that_is_no_seal_is_found(seal_folder):
    append(1)
    seal(1)
    with chain_file(seal_folder, "study:1").open("a") as file:
        file.write("{}\nnonsense\n")
    assert kinds() == {"unreadable"}


def test_a_rotated_key_stays_trusted(settings, seal_folder):
    append(1)
    seal(1)
    settings.SEAL_KEY = "QQ" * 21 + "Q="
    append(1)
    seal(1)
    assert len(known_keys(seal_folder)) == 2
    assert kinds() == set()


def test_seals_kept_on_another_machine_count(seal_folder, tmp_path):
    append(1, 2)
    seal(1)
    elsewhere = tmp_path / "elsewhere"
    seal_folder.rename(elsewhere)
    assert "No seal is kept outside" in command("verify_audit")[1]
    status, said = command("verify_audit", "--seals", str(elsewhere))
    assert status == 0 and "No seal" not in said


@pytest.mark.django_db(transaction=True)
def test_a_seal_within_a_transaction_is_refused():
    append(1)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        seal(1)


def test_the_command_seals_and_prints_the_key():
    append(1)
    status, said = command("seal")
    assert status == 0 and said.startswith("1 seals")
    assert len(command("seal", "--public-key")[1].strip()) == 44
