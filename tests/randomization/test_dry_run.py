"""The dry run: balance and predictability as theory says, on draws of its own."""

import hashlib
import json

import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.randomization.drawing import Secret
from apps.randomization.methods import METHODS
from apps.randomization.models import Scheme, Slot
from apps.randomization.pictures import HEIGHT, WIDTH, bars_of, curve_of, guesses_of
from apps.randomization.sealing import open_secret
from apps.randomization.services import create_scheme, import_list, try_scheme
from apps.randomization.simulation import try_out
from tests import small
from tests.randomization.test_list_files import GOOD
from tests.randomization.test_list_files import PLAN as IMPORTED

SECRET = Secret(bytes(32), hashlib.sha256(b"tried").digest())
EQUAL = {"arms": {"A": 1, "B": 1}, "items": ["K"]}
LEVELS = {"K": ["N", "Y"]}


def tried(method, levels=LEVELS, **config):
    return try_out(METHODS[method], EQUAL | config, levels, SECRET)


def test_blocks_of_four_are_foretold_as_blackwell_and_hodges_say():
    run = tried("permuted_blocks", block_sizes=[4], length=12, strata=["K=N", "K=Y"])
    assert run.subjects == 10_000
    assert abs(run.guessed - 17 / 24) < 0.02
    assert run.chance == 0.5
    assert run.furthest <= 2, "each of two strata is at most two apart, so its arm one from its share"
    assert all(abs(stratum.counts["A"] - stratum.counts["B"]) <= 2 for stratum in run.strata)


def test_simple_draws_are_not_foretold():
    run = tried("simple", length=12, strata=["K=N", "K=Y"])
    assert abs(run.guessed - 0.5) < 0.025
    assert run.furthest > 5


def test_minimization_is_foretold_no_better_than_its_coin():
    run = tried("minimization", weights={}, coin="0.8", measure="range")
    assert 0.6 < run.guessed < 0.8
    assert run.furthest < 10


def test_efrons_coin_is_foretold_as_theory_says():
    """Level three times in four after even numbers: 0.375 of all at half, the others at 0.8."""
    run = tried("minimization", levels={"K": ["N"]}, weights={}, coin="0.8", measure="range")
    assert abs(run.guessed - 0.6875) < 0.02


def test_unequal_ratios():
    run = tried("permuted_blocks", arms={"A": 2, "B": 1}, block_sizes=[6], length=12, strata=["K=N", "K=Y"])
    assert abs(run.counts["A"] - 6667) < 5
    assert run.chance == 2 / 3


def test_the_pictures_hold_what_was_tried():
    run = tried("permuted_blocks", block_sizes=[4], length=12, strata=["K=N", "K=Y"])
    bars = bars_of(run)
    assert [bar.label for bar in bars] == ["K=N", "K=Y"]
    assert all(abs(sum(piece.width for piece in bar.pieces) - WIDTH) < 0.3 for bar in bars)
    assert sum(bar.total for bar in bars) == 10_000
    points = [tuple(map(float, point.split(","))) for point in curve_of(run).points.split()]
    assert len(points) == 100
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert guesses_of(run)["chance"].percent == "50.0 %"


@pytest.mark.django_db
def test_a_run_changes_nothing_but_the_ledger():
    study = small.publish_small()
    scheme = create_scheme(SYSTEM, study)
    slots = list(Slot.objects.order_by("pk").values_list("pk", "sealed_arm", "used_at"))
    run = try_scheme(small.person(study, Role.UNBLINDED_STATISTICIAN), study)
    assert run.subjects == 10_000
    assert list(Slot.objects.order_by("pk").values_list("pk", "sealed_arm", "used_at")) == slots
    body = json.loads(Event.objects.get(action="randomization.scheme.tried").body)
    assert body["details"] == {"method": "permuted_blocks", "subjects": 10_000, "seed": run.seed}
    assert run.seed != open_secret(scheme.sealed_secret).seed.hex()


@pytest.mark.django_db
def test_before_anything_is_sealed_the_plan_is_tried():
    study = small.publish_small()
    assert try_scheme(SYSTEM, study).subjects == 10_000
    assert not Scheme.objects.exists()
    with pytest.raises(Forbidden):
        try_scheme(small.person(study, Role.STUDY_ADMIN), study)


@pytest.mark.django_db
def test_an_imported_list_is_tried_as_it_stands():
    study = small.publish_small(randomization=IMPORTED)
    with small.refused("needs_list"):
        try_scheme(SYSTEM, study)
    import_list(SYSTEM, study, GOOD.encode())
    run = try_scheme(SYSTEM, study)
    assert run.subjects == 5
    assert run.counts == {"HIGH": 3, "LOW": 2}
    assert "seed" not in json.loads(Event.objects.get(action="randomization.scheme.tried").body)["details"]
