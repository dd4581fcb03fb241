"""SLEDAI-2K: the 24 weights, the total with and without thrombocytopenia."""

import pytest

from tests.trials.definitions import T5, evaluated, filled, fired, protocol_of

# weights of SLEDAI-2K, by item
WEIGHTS = {
    **dict.fromkeys(("SEIZ", "PSYCH", "BRAIN", "VISUAL", "CRANIAL", "HEAD", "CVA", "VASC"), 8),
    **dict.fromkeys(("ARTHR", "MYOS", "CASTS", "HAEM", "PROT", "PYUR"), 4),
    **dict.fromkeys(("RASH", "ALOP", "ULCER", "PLEUR", "PERIC", "COMPL", "DNA"), 2),
    **dict.fromkeys(("FEVER", "THROMB", "LEUK"), 1),
}


def scored(*present, platelets="150", **changes):
    answers = {f"SL_{item}": "Y" if item in present else "N" for item in WEIGHTS}
    others = [filled("HEM", {"PLT": platelets}, visit="M1", at=3)]
    return evaluated(T5, "SLEDAI", {"SLEYN": "Y", **answers, **changes}, others=others, visit="M1", at=3)


def totals(*present, **changes):
    data = scored(*present, **changes).data
    return data.get("SLEDTOT"), data.get("SLEDTOTX")


def test_it_works():
    assert totals() == ("0", "0")
    assert totals("ARTHR", "RASH", "FEVER") == ("7", "7")


def test_the_form_has_these_items_and_no_others():
    items = {oid.removeprefix("SL_") for oid in protocol_of(T5).items if oid.startswith("SL_")}
    assert items == set(WEIGHTS)
    assert sum(WEIGHTS.values()) == 105


@pytest.mark.parametrize("item", WEIGHTS)
def test_each_weight(item):
    without = 0 if item == "THROMB" else WEIGHTS[item]
    assert totals(item) == (str(WEIGHTS[item]), str(without))


def test_everything_at_once():
    assert totals(*WEIGHTS) == ("105", "104")


def test_one_item_not_answered_leaves_the_total_open():
    assert totals("RASH", SL_FEVER={"missing": "ND"}) == (None, None)
    assert totals("RASH", SL_THROMB={"missing": "ND"}) == (None, "2")


def test_it_does_not_apply_without_lupus():
    evaluation = evaluated(T5, "SLEDAI", {"SLEYN": "N"})
    assert {f"SL_{item}" for item in WEIGHTS} | {"SLEDTOT", "SLEDTOTX"} == set(evaluation.irrelevant)


@pytest.mark.parametrize(
    ("present", "platelets", "disagrees"),
    [((), "150", False), (("THROMB",), "99", False), (("THROMB",), "100", True), ((), "99", True)],
)
def test_thrombocytopenia_agrees_with_the_count_of_the_visit(present, platelets, disagrees):
    assert ("SLE_C01" in fired(scored(*present, platelets=platelets))) is disagrees
