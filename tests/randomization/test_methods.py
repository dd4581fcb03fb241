"""Permuted blocks: balanced, unpredictable, derivable again from the seed."""

import hashlib
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.randomization.drawing import Draws, Secret
from apps.randomization.methods import METHODS

BLOCKS = METHODS["permuted_blocks"]
SEED = hashlib.sha256(b"a fixed seed").digest()


def secret(seed=SEED):
    return Secret(bytes(32), seed)


def config(**changes):
    return {"arms": {"A": 1, "B": 1}, "block_sizes": [4, 6], "strata": ["K=N", "K=Y"], "length": 60} | changes


def cut(arms, sizes):
    """The blocks of a list whose sizes are known."""
    start = 0
    for size in sizes:
        yield arms[start : start + size]
        start += size


def test_it_works():
    lists = BLOCKS.lists(config(), secret())
    assert set(lists) == {"K=N", "K=Y"}
    assert all(len(arms) >= 60 for arms in lists.values())
    assert lists["K=N"] != lists["K=Y"]


def test_the_same_seed_gives_the_same_lists_and_another_gives_others():
    assert BLOCKS.lists(config(), secret()) == BLOCKS.lists(config(arms={"B": 1, "A": 1}), secret())
    assert BLOCKS.lists(config(), secret()) != BLOCKS.lists(config(), secret(hashlib.sha256(b"x").digest()))


def test_a_list_does_not_depend_on_which_others_are_made():
    assert BLOCKS.lists(config(strata=["K=Y"]), secret())["K=Y"] == BLOCKS.lists(config(), secret())["K=Y"]


@given(st.binary(min_size=32, max_size=32), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
def test_every_block_holds_each_arm_by_its_ratio(seed, a, b, times):
    unit = a + b
    arms = BLOCKS.lists(config(arms={"A": a, "B": b}, block_sizes=[unit * times], strata=["all"]), secret(seed))["all"]
    for block in cut(arms, [unit * times] * (len(arms) // (unit * times))):
        assert Counter(block) == {"A": a * times, "B": b * times}


@given(st.binary(min_size=32, max_size=32))
def test_random_blocks_of_four_and_six_are_never_more_than_three_apart(seed):
    arms = BLOCKS.lists(config(strata=["all"]), secret(seed))["all"]
    ahead = 0
    for arm in arms:
        ahead += 1 if arm == "A" else -1
        assert abs(ahead) <= 3
    assert ahead == 0


def test_a_block_size_that_does_not_fit_is_named():
    assert BLOCKS.problems(config(block_sizes=[4, 5])) == ["block size 5 is no multiple of 2, the sum of the ratios"]
    assert BLOCKS.problems(config(arms={"A": 1}, block_sizes=[4])) == ["a randomization needs at least two arms"]
    assert BLOCKS.problems(config()) == []


def test_ten_thousand_allocations_are_fair():
    """Fixed seed. Each of the 6 orders of a block of 4, and each arm first, within 5 standard errors; sizes too."""
    arms = BLOCKS.lists(config(block_sizes=[4], strata=["all"], length=10_000), secret())["all"]
    orders = Counter(tuple(block) for block in cut(arms, [4] * 2500))
    assert len(orders) == 6
    expected, error = 2500 / 6, (2500 * (1 / 6) * (5 / 6)) ** 0.5
    assert all(abs(number - expected) < 5 * error for number in orders.values())
    draws = Draws(SEED, "sizes")
    fours = sum(draws.choice([4, 6]) == 4 for _ in range(10_000))
    assert abs(fours - 5000) < 5 * 50


def test_whoever_knows_the_past_guesses_no_better_than_theory():
    """Blackwell and Hodges: guessing the arm that is behind is right in at most 17/24 of a fixed block of four."""
    arms = BLOCKS.lists(config(block_sizes=[4], strata=["all"], length=10_000), secret())["all"]
    right = ahead = 0.0
    for arm in arms:
        right += 0.5 if ahead == 0 else float((ahead > 0) == (arm == "B"))
        ahead += 1 if arm == "A" else -1
    assert abs(right / len(arms) - 17 / 24) < 0.02


@given(st.integers(1, 50))
def test_draws_stay_below_their_bound(bound):
    draws = Draws(SEED, "bound")
    assert all(0 <= draws.below(bound) < bound for _ in range(50))


def test_bad_seeds_and_bounds_are_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Draws(b"short", "x")
    with pytest.raises(ValueError, match="nothing"):
        Draws(SEED, "x").below(0)


SIMPLE = METHODS["simple"]


def test_simple_draws_follow_the_ratio_and_nothing_else():
    """Fixed seed, 10,000 draws of 2:1: the share, and the share after each arm, within 5 standard errors."""
    arms = SIMPLE.lists(config(arms={"A": 2, "B": 1}, strata=["all"], length=10_000), secret())["all"]
    assert len(arms) == 10_000
    assert abs(arms.count("A") - 20_000 / 3) < 5 * (10_000 * 2 / 9) ** 0.5
    for before in "AB":
        after = [arm for last, arm in pairwise(arms) if last == before]
        assert abs(after.count("A") - len(after) * 2 / 3) < 5 * (len(after) * 2 / 9) ** 0.5


def test_strata_of_simple_lists_are_drawn_apart():
    lists = SIMPLE.lists(config(length=1000), secret())
    same = sum(a == b for a, b in zip(lists["K=N"], lists["K=Y"], strict=True))
    assert abs(same - 500) < 5 * 250**0.5
    longer = SIMPLE.lists(config(length=1500), secret())
    assert longer["K=N"][:1000] == lists["K=N"]


def test_each_method_names_its_reference():
    assert all(method.reference and method.name == name for name, method in METHODS.items())
    assert METHODS["single_arm"].problems({"arms": {"A": 1}}) == []
    assert METHODS["single_arm"].problems({"arms": {"A": 1, "B": 1}}) == ["a single-arm assignment has exactly one arm"]
