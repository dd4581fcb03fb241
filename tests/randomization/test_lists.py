"""Sealed lists: nothing readable, a commitment in the ledger, every change found."""

import base64
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.randomization.checking import problems_in
from apps.randomization.commitment import commitment
from apps.randomization.drawing import Secret
from apps.randomization.gathering import evidence_of
from apps.randomization.models import Scheme, Slot
from apps.randomization.sealing import BrokenSeal, open_arm, open_secret, seal_arm
from apps.randomization.selectors import slots_left
from apps.randomization.services import create_scheme, go_live, randomize_subject
from tests import small

pytestmark = pytest.mark.django_db


def test_it_works(study):
    statistician = small.person(study, Role.UNBLINDED_STATISTICIAN)
    scheme = create_scheme(statistician, study)
    assert {row.stratum for row in slots_left(scheme)} == {"KMP=N", "KMP=Y"}
    event = Event.objects.get(action="randomization.list.sealed")
    assert json.loads(event.body)["changes"] == [["commitment", None, scheme.commitment]]
    assert go_live(statistician, scheme).live_at is not None


def test_who_may_not(study):
    for role in (Role.INVESTIGATOR, Role.COORDINATOR, Role.STUDY_ADMIN, Role.DATA_MANAGER):
        with pytest.raises(Forbidden):
            create_scheme(small.person(study, role), study)
    scheme = create_scheme(SYSTEM, study)
    with pytest.raises(Forbidden):
        go_live(small.person(study, Role.STUDY_ADMIN), scheme)


def test_one_list_a_study_released_once(study, scheme):
    with small.refused("scheme_exists"):
        create_scheme(SYSTEM, study)
    with small.refused("live"):
        go_live(SYSTEM, scheme)


def test_blocks_that_do_not_fit_are_refused():
    definition = small.small_definition()
    definition["arms"][0]["ratio"] = 2
    with small.refused("scheme_problem") as refused:
        create_scheme(SYSTEM, small.publish_small(definition))
    assert "block size 2 is no multiple of 3" in str(refused.value)
    assert not Scheme.objects.exists()


def test_without_a_key_no_list_is_made(study, settings):
    settings.ALLOCATION_KEY = ""
    with small.refused("allocation_key"):
        create_scheme(SYSTEM, study)


def test_stored_entries_tell_neither_arm_nor_length(scheme):
    entries = [bytes(slot.sealed_arm) for slot in Slot.objects.all()]
    assert len(set(entries)) == len(entries)
    assert len({len(entry) for entry in entries}) == 1
    raw = [base64.urlsafe_b64decode(entry) for entry in entries]
    assert not any(b"HIGH" in entry or b"LOW" in entry for entry in raw)
    bodies = " ".join(Event.objects.filter(action__startswith="randomization.").values_list("body", flat=True))
    assert "HIGH" not in bodies


def test_an_entry_opens_only_in_its_place():
    sealed = seal_arm("all", 3, "HIGH")
    assert open_arm("all", 3, sealed) == "HIGH"
    with pytest.raises(BrokenSeal, match="belongs to all 3"):
        open_arm("all", 4, sealed)
    with pytest.raises(BrokenSeal, match="allocation key"):
        open_arm("all", 3, b"rubbish")


def test_the_commitment_binds_every_part():
    secret = Secret(b"n" * 32, b"s" * 32)
    base = commitment({"a": 1}, secret, {"all": ["A", "B"]})
    assert base != commitment({"a": 2}, secret, {"all": ["A", "B"]})
    assert base != commitment({"a": 1}, secret, {"all": ["B", "A"]})
    assert base != commitment({"a": 1}, Secret(b"m" * 32, b"s" * 32), {"all": ["A", "B"]})


def verify(*slugs):
    out = io.StringIO()
    try:
        call_command("verify_randomization", *slugs, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


@pytest.fixture
def used(study, scheme):
    """Three allocations of one stratum."""
    for _ in range(3):
        randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study))))
    return list(Slot.objects.filter(stratum="KMP=Y").order_by("position"))


def other(slot):
    return "LOW" if open_arm(slot.stratum, slot.position, slot.sealed_arm) == "HIGH" else "HIGH"


def test_what_was_not_touched_is_as_sealed(used):
    assert "3 of" in verify()
    assert "all as sealed" in verify("small")


def test_a_changed_slot_is_found(used):
    Slot.objects.filter(pk=used[4].pk).update(sealed_arm=seal_arm("KMP=Y", 5, other(used[4])))
    assert "Slot KMP=Y 5 holds another arm than the sealed list." in verify()


def test_two_exchanged_slots_are_found(used):
    a, b = used[4], used[5]
    Slot.objects.filter(pk=a.pk).update(sealed_arm=b.sealed_arm)
    Slot.objects.filter(pk=b.pk).update(sealed_arm=a.sealed_arm)
    assert "Slot KMP=Y 5 cannot be read: the entry belongs to KMP=Y 6." in verify()


def test_a_missing_slot_is_found(used):
    used[6].delete()
    assert "Slot KMP=Y 7 of the sealed list is missing." in verify()


def test_a_changed_commitment_is_found(used):
    Scheme.objects.update(commitment="0" * 64)
    assert "seed and configuration give" in verify()


def test_another_configuration_is_found(used):
    scheme = Scheme.objects.get()
    scheme.config["block_sizes"] = [2]
    scheme.save()
    assert "The commitment is" in verify()
    assert "The ledger published" in verify()


def test_a_changed_seed_is_found(used):
    scheme = Scheme.objects.get()
    open_secret(scheme.sealed_secret)
    scheme.sealed_secret = b"rubbish"
    scheme.save()
    assert "The seed cannot be opened" in verify()


def test_a_slot_marked_used_without_a_subject_is_found(used):
    Slot.objects.filter(pk=used[3].pk).update(used_at="2024-01-01T00:00Z")
    assert "Slot KMP=Y 4 is used without an allocation." in verify()


def test_an_allocation_whose_slot_looks_free_is_found(used):
    Slot.objects.filter(pk=used[1].pk).update(used_at=None)
    assert "Slot KMP=Y 2 is not marked used." in verify()


def test_slots_used_out_of_order_are_found(used):
    Slot.objects.filter(pk=used[2].pk).update(used_at="2024-01-01T00:00Z")
    assert "Slot KMP=Y 3 was used before the one in front of it." in verify()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_allocation_changed_by_the_owner_of_the_database_is_found():
    study = small.publish_small()
    small.live_scheme(study)
    allocation = randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study))))
    wrong = "LOW" if allocation.arm == "HIGH" else "HIGH"
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE randomization_allocation DISABLE TRIGGER USER")
        cursor.execute("UPDATE randomization_allocation SET arm = %s", [wrong])
    assert list(problems_in(evidence_of(study.scheme))) == [
        f"{allocation.subject.number} was given another arm than slot KMP=Y 1 holds."
    ]


def test_a_study_without_lists_is_named():
    assert verify("nowhere") == "No randomization lists: nowhere."
