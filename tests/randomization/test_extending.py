"""Lists are made longer and nothing else: what was there stays, and everything can still be verified."""

import json

import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.randomization.checking import problems_in
from apps.randomization.commitment import commitment
from apps.randomization.drawing import Secret
from apps.randomization.gathering import evidence_of
from apps.randomization.methods import METHODS
from apps.randomization.models import Scheme, Slot
from apps.randomization.sealing import open_secret, seal_secret
from apps.randomization.services import create_scheme, extend_lists, randomize_subject
from tests import small

pytestmark = pytest.mark.django_db
REASON = "More subjects with Kasabach-Merritt than planned"


def stored():
    return list(Slot.objects.order_by("stratum", "position").values_list("pk", "stratum", "position", "used_at"))


def refused(code, scheme, length=40, reason=REASON):
    slots, events = stored(), Event.objects.count()
    before = Scheme.objects.values("config", "commitment").get()
    with small.refused(code):
        extend_lists(SYSTEM, scheme, length, reason=reason)
    assert (stored(), Event.objects.count()) == (slots, events)
    assert Scheme.objects.values("config", "commitment").get() == before


def test_it_works(study, scheme):
    randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study))))
    before, first = stored(), scheme.commitment
    longer = extend_lists(small.person(study, Role.UNBLINDED_STATISTICIAN), scheme, 40, reason=REASON)
    after = stored()
    assert set(before) < set(after), "nothing of before was touched"
    for stratum in ("KMP=N", "KMP=Y"):
        positions = [place for _, name, place, _ in after if name == stratum]
        assert positions == list(range(1, len(positions) + 1))
        assert len(positions) >= 40
    body = json.loads(Event.objects.get(action="randomization.list.extended").body)
    assert body["changes"] == [["length", 12, 40], ["commitment", first, longer.commitment]]
    assert body["reason"] == REASON
    assert body["details"] == {}, "how many slots were added would tell where the last blocks end"
    assert not any(arm in json.dumps(body) for arm in ("HIGH", "LOW"))
    assert list(problems_in(evidence_of(longer))) == []


def test_twice_in_a_row(scheme):
    extend_lists(SYSTEM, scheme, 40, reason=REASON)
    longest = extend_lists(SYSTEM, scheme, 80, reason=REASON)
    assert longest.config["length"] == 80
    assert list(problems_in(evidence_of(longest))) == []


def test_an_exhausted_list_goes_on(study, scheme):
    site = small.site_of(study)
    Slot.objects.filter(stratum="KMP=Y").exclude(position=1).delete()
    randomize_subject(SYSTEM, small.enrolled(small.screened(site)))
    waiting = small.enrolled(small.screened(site))
    with small.refused("exhausted"):
        randomize_subject(SYSTEM, waiting)
    extend_lists(SYSTEM, scheme, 40, reason=REASON)
    assert randomize_subject(SYSTEM, waiting).slot.position > 1


def test_who_may_not(study, scheme):
    for role in (Role.INVESTIGATOR, Role.COORDINATOR, Role.STUDY_ADMIN, Role.DATA_MANAGER):
        with pytest.raises(Forbidden):
            extend_lists(small.person(study, role), scheme, 40, reason=REASON)


def test_what_is_refused_changes_nothing(scheme):
    refused("reason_missing", scheme, reason="  ")
    refused("reason_missing", scheme, reason="x" * 1001)
    refused("length_below", scheme, length=12)
    refused("length_below", scheme, length=-5)
    refused("reason_missing", scheme, reason="a\0b")
    refused("length_above", scheme, length=100_001)


def test_lists_before_their_release_are_not_extended(study):
    refused("not_live", create_scheme(SYSTEM, study))


@pytest.mark.parametrize("change", [{"commitment": "0" * 64}, {"sealed_secret": b"rubbish"}])
def test_changed_lists_are_not_extended(scheme, change):
    Scheme.objects.update(**change)
    refused("not_as_sealed", scheme)


@pytest.mark.parametrize("length", [12, 39])
def test_a_length_that_the_ledger_does_not_know_is_found(scheme, length):
    longer = extend_lists(SYSTEM, scheme, 40, reason=REASON)
    longer.config["length"] = length
    longer.save()
    assert f"The ledger published lists of length 40, but they have length {length}." in list(
        problems_in(evidence_of(longer))
    )


def test_lists_made_longer_without_the_ledger_are_found(scheme):
    secret = open_secret(scheme.sealed_secret)
    scheme.config["length"] = 40
    scheme.commitment = commitment(scheme.config, secret, METHODS[scheme.method].lists(scheme.config, secret))
    scheme.save()
    assert any(problem.startswith("The ledger published") for problem in problems_in(evidence_of(scheme)))


def test_what_each_step_published_is_compared(scheme):
    """Another seed, with lists and commitment of now made to fit it, differs from what was published at either time."""
    longer = extend_lists(SYSTEM, scheme, 40, reason=REASON)
    other = Secret(bytes(32), bytes(32))
    longer.sealed_secret = seal_secret(other)
    longer.commitment = commitment(longer.config, other, METHODS[longer.method].lists(longer.config, other))
    longer.save()
    assert sum(problem.startswith("The ledger published") for problem in problems_in(evidence_of(longer))) == 2


def test_lists_that_were_never_published_are_found(study, scheme):
    stranger = Scheme(
        pk=scheme.pk + 1,
        study=study,
        method=scheme.method,
        config=scheme.config,
        commitment=scheme.commitment,
        sealed_secret=scheme.sealed_secret,
    )
    assert "The ledger published no commitment of lists of length 12." in list(problems_in(evidence_of(stranger)))


def test_a_slot_of_the_new_part_that_is_missing_is_found(scheme):
    longer = extend_lists(SYSTEM, scheme, 40, reason=REASON)
    Slot.objects.get(stratum="KMP=N", position=39).delete()
    assert list(problems_in(evidence_of(longer))) == ["Slot KMP=N 39 of the sealed list is missing."]
