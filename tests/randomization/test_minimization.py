"""Minimization: factors stay even, the coin keeps it unpredictable, ratios hold, every draw can be made again."""

import hashlib
from collections import Counter
from fractions import Fraction

import pytest
from django.db import connections

from apps.common.actors import SYSTEM
from apps.randomization.checking import problems_in
from apps.randomization.drawing import Draws, Secret
from apps.randomization.gathering import evidence_of
from apps.randomization.methods import METHODS, Tally
from apps.randomization.methods.minimization import chance_away, imbalances
from apps.randomization.models import Slot
from apps.randomization.sealing import seal_arm
from apps.randomization.selectors import slots_left
from apps.randomization.services import extend_lists, randomize_subject
from tests import small
from tests.randomization.test_randomize import at_once

METHOD = METHODS["minimization"]
SECRET = Secret(bytes(32), hashlib.sha256(b"minimized").digest())


def config(**changes):
    base = {"arms": {"A": 1, "B": 1}, "items": ["SITE", "SEX", "KMP"], "weights": {}, "coin": "0.8", "measure": "range"}
    return base | changes


LEVELS = {"SITE": ["1", "2", "3", "4"], "SEX": ["F", "M"], "KMP": ["N", "Y"]}


def allocate(config, number=10_000, levels=LEVELS):
    """(values, arm) of that many subjects, codes equally common."""
    people, past, made = Draws(SECRET.seed, "people"), Tally(), []
    for _ in range(number):
        values = {item: people.choice(levels[item]) for item in config["items"]}
        arm = METHOD.draw(config, SECRET, values, past)
        past.add(values, arm)
        made.append((values, arm))
    return made, past


def test_the_arm_that_evens_the_factors_is_preferred():
    past = Tally([({"SITE": "1", "SEX": "F", "KMP": "Y"}, "A"), ({"SITE": "1", "SEX": "M", "KMP": "Y"}, "A")])
    sums = imbalances(config(), {"SITE": "1", "SEX": "F", "KMP": "N"}, past)
    # site 1 has A twice, women A once, without KMP nobody: as in Pocock and Simon's own arithmetic
    assert sums == {"A": 3 + 2 + 1, "B": 1 + 0 + 1}
    weighed = imbalances(config(weights={"SEX": 5}), {"SITE": "1", "SEX": "F", "KMP": "N"}, past)
    assert weighed == {"A": 3 + 10 + 1, "B": 1 + 0 + 1}
    assert imbalances(config(measure="variance"), {"SITE": "1", "SEX": "F", "KMP": "N"}, past) == {"A": 14, "B": 2}


def test_without_a_coin_one_factor_is_never_more_than_one_apart():
    """Probability 1 for the preferred arm: within each level the arms differ by at most one, after every subject."""
    made, _ = allocate(config(items=["SITE"], coin="1"))
    ahead = Counter()
    for values, arm in made:
        ahead[values["SITE"]] += 1 if arm == "A" else -1
        assert abs(ahead[values["SITE"]]) <= 1


def test_the_imbalance_of_each_factor_stays_below_its_bound():
    """Fixed seed, 10,000 subjects, coin 0.8: no level is ever further apart than 16, by chance alone it would be > 100."""
    made, _ = allocate(config())
    ahead, furthest = Counter(), 0
    for values, arm in made:
        for item, code in values.items():
            ahead[item, code] += 1 if arm == "A" else -1
            furthest = max(furthest, abs(ahead[item, code]))
    assert furthest <= 16
    assert abs(sum(1 if arm == "A" else -1 for _, arm in made)) <= 16


def test_one_level_is_efrons_coin():
    """With one factor of one level it is Efron's biased coin: after even numbers the arms are level with chance 1 - q/p."""
    made, _ = allocate(config(items=["SITE"]), levels={"SITE": ["1"]})
    ahead, level = 0, 0
    for number, (_values, arm) in enumerate(made, start=1):
        ahead += 1 if arm == "A" else -1
        level += number % 2 == 0 and ahead == 0
    assert abs(level / 5000 - 0.75) < 0.03


def test_whoever_knows_everything_guesses_no_better_than_the_coin():
    made, _ = allocate(config())
    past, right = Tally(), 0.0
    for values, arm in made:
        sums = imbalances(config(), values, past)
        least = [code for code, total in sums.items() if total == min(sums.values())]
        right += (arm in least) / len(least)
        past.add(values, arm)
    assert right / len(made) < 0.8


@pytest.mark.parametrize("arms", [{"A": 1, "B": 2}, {"A": 3, "B": 1}, {"A": 1, "B": 1, "C": 2}, {"A": 2, "B": 3, "C": 5}])
def test_ratios_hold(arms):
    made, _ = allocate(config(arms=arms), number=5000)
    counts = Counter(arm for _, arm in made)
    for arm, ratio in arms.items():
        assert abs(counts[arm] - 5000 * ratio / sum(arms.values())) < 25
    # Han, Enas and McEntegart: if each arm is preferred as often as its ratio says, each is given as often too
    whole = sum(arms.values())
    for arm, ratio in arms.items():
        given = Fraction(ratio, whole) * (1 - chance_away(arms, arm, Fraction("0.8")))
        for other, its in arms.items():
            if other != arm:
                given += Fraction(its, whole) * chance_away(arms, other, Fraction("0.8")) * Fraction(ratio, whole - its)
        assert given == Fraction(ratio, whole)


def test_every_draw_can_be_made_again():
    made, _ = allocate(config(), number=300)
    past = Tally()
    for values, arm in made:
        assert METHOD.draw(config(), SECRET, values, past) == arm
        past.add(values, arm)
    other = Secret(bytes(32), hashlib.sha256(b"another").digest())
    past, different = Tally(), 0
    for values, arm in made:
        different += METHOD.draw(config(), other, values, past) != arm
        past.add(values, arm)
    assert different > 30


def test_what_cannot_be_used_is_named():
    assert METHOD.problems(config()) == []
    assert METHOD.problems(config(items=[])) == ["minimization needs at least one factor"]
    assert "above 1/2" in METHOD.problems(config(coin="0.5"))[0]
    assert METHOD.problems(config(coin="0.4", arms={"A": 1, "B": 2})) == []
    assert METHOD.problems(config(arms={"A": 1}, coin="1"))[0] == "a randomization needs at least two arms"


PLAN = {"method": "minimization", "strata": ["KMP", "SITE"], "weights": {"KMP": 2}} | small.R


@pytest.fixture
def minimized():
    study = small.publish_small(randomization=PLAN)
    small.live_scheme(study)
    return study


def subjects_of(study, number):
    sites = [small.site_of(study, "01"), small.site_of(study, "02")]
    return [small.enrolled(small.screened(sites[n % 2]), KMP="Y" if n % 3 else "N") for n in range(number)]


@pytest.mark.django_db
def test_it_works(minimized):
    given = [randomize_subject(SYSTEM, subject) for subject in subjects_of(minimized, 8)]
    assert [one.slot.position for one in given] == list(range(1, 9))
    assert given[0].strata_values == {"KMP": "N", "SITE": "01"}
    assert {one.arm for one in given} == {"HIGH", "LOW"}
    assert [(row.stratum, row.used) for row in slots_left(minimized.scheme)] == [("all", 8)]
    assert list(problems_in(evidence_of(minimized.scheme))) == []


@pytest.mark.django_db
def test_there_is_no_list_to_extend(minimized):
    with small.refused("not_drawn"):
        extend_lists(SYSTEM, minimized.scheme, 100, reason="More")


@pytest.mark.django_db
def test_a_changed_slot_is_found(minimized):
    for subject in subjects_of(minimized, 4):
        randomize_subject(SYSTEM, subject)
    slot = Slot.objects.get(position=3)
    was = slot.allocation.arm
    Slot.objects.filter(pk=slot.pk).update(sealed_arm=seal_arm("all", 3, "LOW" if was == "HIGH" else "HIGH"))
    found = list(problems_in(evidence_of(minimized.scheme)))
    assert "Slot all 3 holds another arm than is drawn again." in found
    assert f"{slot.allocation.subject.number} was given another arm than slot all 3 holds." in found


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_allocation_that_the_owner_took_out_is_found():
    study = small.publish_small(randomization=PLAN)
    small.live_scheme(study)
    for subject in subjects_of(study, 4):
        randomize_subject(SYSTEM, subject)
    slot = Slot.objects.get(position=2)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE randomization_allocation DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM randomization_allocation WHERE slot_id = %s", [slot.pk])
        cursor.execute("DELETE FROM randomization_slot WHERE id = %s", [slot.pk])
    found = list(problems_in(evidence_of(study.scheme)))
    assert "Allocation 2 is missing, so those after it cannot be drawn again." in found
    assert "Slot all 3 was used although an earlier one of its stratum was free." in found


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_are_drawn_one_after_the_other():
    study = small.publish_small(randomization=PLAN)
    small.live_scheme(study)
    given = at_once(lambda one: randomize_subject(SYSTEM, one), subjects_of(study, 8))
    assert sorted(one.slot.position for one in given) == list(range(1, 9))
    assert list(problems_in(evidence_of(study.scheme))) == []
