"""After the study everything is revealed, and anyone verifies it offline."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.randomization.models import Scheme, Slot
from apps.randomization.services import (
    create_scheme,
    discard_scheme,
    download_revealed,
    extend_lists,
    go_live,
    randomize_subject,
    reveal_scheme,
    try_scheme,
)
from apps.studies.models import Hold, Site, Study
from apps.subjects.models import Subject
from tests import small

pytestmark = pytest.mark.django_db
REASON = "The study is over"


def locked(study):
    Study.objects.filter(pk=study.pk).update(hold=Hold.LOCKED)


@pytest.fixture
def used(study, scheme):
    """Four subjects of both strata, and lists that were extended."""
    for number in range(4):
        randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study)), KMP="Y" if number % 2 else "N"))
    return extend_lists(SYSTEM, scheme, 20, reason="More")


@pytest.fixture
def document(study, used):
    locked(study)
    return download_revealed(SYSTEM, reveal_scheme(SYSTEM, used, reason=REASON)).as_json()


def verify(tmp_path, document, *arguments):
    file = tmp_path / "revealed.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    out = io.StringIO()
    try:
        call_command("verify_randomization", "--file", str(file), *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def test_it_works(study, used, tmp_path, django_assert_num_queries):
    statistician = small.person(study, Role.UNBLINDED_STATISTICIAN)
    first = used.commitment
    locked(study)
    scheme = reveal_scheme(statistician, used, reason=REASON)
    document = download_revealed(small.person(study, Role.AUDITOR), scheme).as_json()
    with django_assert_num_queries(0):
        said = verify(tmp_path, document, "--commitment", first)
    assert said.startswith("small: 4 of ")
    assert "all as sealed" in said


def test_every_commitment_that_was_ever_published_is_known(scheme, study, tmp_path):
    first = scheme.commitment
    longer = extend_lists(SYSTEM, scheme, 20, reason="More")
    locked(study)
    document = download_revealed(SYSTEM, reveal_scheme(SYSTEM, longer, reason=REASON)).as_json()
    assert "all as sealed" in verify(tmp_path, document, "--commitment", first, "--commitment", longer.commitment)
    assert "was never published" in verify(tmp_path, document, "--commitment", "0" * 64)


def test_a_list_changed_by_one_slot_is_found(document, tmp_path):
    place = next(place for place in document["places"] if place["used_at"] is None)
    place["arm"] = "LOW" if place["arm"] == "HIGH" else "HIGH"
    assert f"Slot {place['stratum']} {place['position']} holds another arm" in verify(tmp_path, document)


def test_an_allocation_out_of_order_is_found(document, tmp_path):
    used = [place for place in document["places"] if place["used_at"] and place["stratum"] == "KMP=Y"]
    used[0]["used_at"], used[1]["used_at"] = used[1]["used_at"], used[0]["used_at"]
    assert "Slot KMP=Y 2 was used before the one in front of it." in verify(tmp_path, document)


def test_a_missing_allocation_is_found(document, tmp_path):
    gone = document["given"].pop(0)
    said = verify(tmp_path, document)
    assert f"Slot {gone['stratum']} {gone['position']} is used without an allocation." in said


def test_an_allocation_to_another_arm_is_found(document, tmp_path):
    one = document["given"][0]
    one["arm"] = "LOW" if one["arm"] == "HIGH" else "HIGH"
    assert f"{one['number']} was given another arm" in verify(tmp_path, document)


def test_an_allocation_of_a_slot_that_is_not_there_is_found(document, tmp_path):
    document["given"][0]["position"] = 900
    assert "which is not there" in verify(tmp_path, document)


def test_another_seed_is_found(document, tmp_path):
    document["secret"]["seed"] = "00" * 32
    said = verify(tmp_path, document)
    assert "seed and configuration give" in said
    assert said.count("The ledger published") == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "x", "version": 1}', "\x00", "null"])
def test_what_is_no_such_file_is_said(tmp_path, text):
    assert "revealed.json" in verify(tmp_path, text)


@pytest.mark.parametrize("change", [{"method": "astrology"}, {"config": {}}, {"config": {"arms": 3}}])
def test_a_file_that_makes_no_sense_is_said(document, tmp_path, change):
    assert "differences." in verify(tmp_path, document | change)


def test_nothing_is_revealed_before_the_study_is_locked(study, used):
    with small.refused("not_locked"):
        reveal_scheme(SYSTEM, used, reason=REASON)
    with small.refused("not_revealed"):
        download_revealed(SYSTEM, used)
    locked(study)
    with small.refused("reason_missing"):
        reveal_scheme(SYSTEM, used, reason=" ")
    reveal_scheme(SYSTEM, used, reason=REASON)
    with small.refused("revealed"):
        reveal_scheme(SYSTEM, used, reason=REASON)


def test_who_may_not(study, used):
    locked(study)
    for role in (Role.INVESTIGATOR, Role.AUDITOR, Role.STUDY_ADMIN):
        with pytest.raises(Forbidden):
            reveal_scheme(small.person(study, role), used, reason=REASON)
    scheme = reveal_scheme(SYSTEM, used, reason=REASON)
    with pytest.raises(Forbidden):
        download_revealed(small.person(study, Role.OUTCOME_ASSESSOR), scheme)


def test_lists_that_are_not_released_may_be_made_anew(study):
    first = create_scheme(SYSTEM, study)
    with pytest.raises(Forbidden):
        discard_scheme(small.person(study, Role.STUDY_ADMIN), first, reason="Wrong plan")
    with small.refused("reason_missing"):
        discard_scheme(SYSTEM, first, reason="")
    discard_scheme(SYSTEM, first, reason="Wrong plan")
    assert (Scheme.objects.count(), Slot.objects.count()) == (0, 0)
    released = go_live(SYSTEM, create_scheme(SYSTEM, study))
    with small.refused("live"):
        discard_scheme(SYSTEM, released, reason="Wrong plan")


def test_nobody_is_randomized_by_lists_that_are_revealed(study, used):
    waiting = small.enrolled(small.screened(small.site_of(study)))
    locked(study)
    reveal_scheme(SYSTEM, used, reason=REASON)
    Study.objects.filter(pk=study.pk).update(hold=Hold.NONE)
    waiting = Subject.objects.get(pk=waiting.pk)
    with small.refused("revealed"):
        randomize_subject(SYSTEM, waiting)
    with small.refused("revealed"):
        extend_lists(SYSTEM, used, 100, reason="More")


def test_another_version_of_the_protocol_may_not_change_the_strata_unseen(study, scheme):
    small.publish_small(randomization=scheme_without_strata())
    study.refresh_from_db()
    for step in (lambda: extend_lists(SYSTEM, scheme, 100, reason="More"), lambda: try_scheme(SYSTEM, study)):
        with small.refused("plan_changed"):
            step()


def scheme_without_strata():
    return {"method": "permuted_blocks", "block_sizes": [2, 4], "list_length": 12} | small.R


def test_more_strata_than_can_be_kept_are_refused():
    many = small.publish_small(
        study="many", randomization=scheme_without_strata() | {"strata": ["SITE", "KMP"], "list_length": 100_000}
    )
    Site.objects.bulk_create(
        Site(study=many, code=f"S{n}", name={"en": "x"}, subject_pattern="{site}-{seq}") for n in range(6)
    )
    with small.refused("too_many_strata"):
        create_scheme(SYSTEM, many)
