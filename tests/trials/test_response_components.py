"""T4's response: each component by the record's own words, with the holes that they leave; the overall verdict."""

import pytest

from tests.trials.definitions import T4, evaluated, filled, fired, protocol_of

BEFORE = {"PLT": "20", "FIB": "3.00", "VOL": ("2", "2", "2"), "MOD": "MRI"}
# a complete response: skin lighter and softer, volume to an eighth of an eighth
COMPLETE = {"PLT": "150", "FIB": "3.00", "VOL": ("1", "1", "1"), "MOD": "MRI"}
ANSWERS = {"RSBLOOD": "N", "RSCOL": "LIGHTER", "RSFIRM": "SOFTER"}


def scan(size, modality):
    # the volume is computed when the scan is saved
    data = {"TUMMOD": modality, **dict(zip(("LENGTH", "WIDTH", "DEPTH"), size, strict=True))}
    return evaluated(T4, "TUM", data).data


def records(visit, at, values):
    return [
        filled("HEM", {"PLT": values["PLT"]}, visit=visit, at=at, number=at + 1),
        filled("COAG", {"FIB": values["FIB"]}, visit=visit, at=at, number=at + 2),
        filled("TUM", scan(values["VOL"], values["MOD"]), visit=visit, at=at, number=at + 3),
    ]


def response(answers=None, *, before=None, after=None, depth="SUPERFICIAL"):
    """The response form at one year, after a baseline at screening."""
    others = [
        filled("DX", {"DXDEPTH": depth}, visit="SCR", number=90),
        *records("SCR", 0, BEFORE | (before or {})),
        *records("M12", 10, COMPLETE | (after or {})),
    ]
    return evaluated(T4, "RESP", ANSWERS | (answers or {}), others=others, visit="M12", at=10)


def verdict(component, **given):
    return response(**given).data.get(component)


def test_it_works():
    data = response().data
    assert (data["RSVOLRED"], data["RSFIBRED"]) == ("87.5", "0.0")
    verdicts = [data[oid] for oid in ("RSPLTV", "RSVOLV", "RSFIBV", "RSSKINV", "RSOVR")]
    assert verdicts == ["CR"] * 5


@pytest.mark.parametrize(
    ("platelets", "expected"),
    [("101", "CR"), ("100", "PR"), ("41", "PR"), ("40", "NC"), ("39", "NR"), ("0", "NR")],
)
def test_platelets(platelets, expected):
    assert verdict("RSPLTV", after={"PLT": platelets}) == expected


@pytest.mark.parametrize(
    ("length", "reduction", "expected"),
    [
        ("0.19", "81.0", "CR"),
        ("0.20", "80.0", "PR"),
        ("0.49", "51.0", "PR"),
        ("0.50", "50.0", "NC"),
        ("0.51", "49.0", "NR"),
        ("1.00", "0.0", "NR"),
        ("1.30", "-30.0", "NR"),  # bigger
    ],
)
def test_volume(length, reduction, expected):
    data = response(before={"VOL": ("1.00", "10", "10")}, after={"VOL": (length, "10", "10")}).data
    assert (data["RSVOLRED"], data["RSVOLV"]) == (reduction, expected)


def test_volume_by_another_modality_is_not_evaluable():
    evaluation = response(after={"MOD": "US"})
    assert "RSVOLRED" in evaluation.irrelevant
    assert (evaluation.data["RSVOLV"], evaluation.data["RSOVR"]) == ("NE", "CR")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("3.00", "2.00", "CR"),
        ("3.00", "4.00", "CR"),
        ("3.00", "1.99", "PR"),  # 33.7 % less, below 2
        ("3.00", "4.01", "PR"),  # more is a reduction below 50 %
        ("3.00", "1.50", "NC"),  # exactly 50 % less, outside 2–4
        ("3.00", "1.49", "NR"),
        ("5.00", "2.20", "NC"),  # complete by its level, none by its fall
        ("5.00", "2.50", "CR"),  # exactly 50 % less belongs to nothing, the level is complete
        ("5.00", "1.00", "NR"),
    ],
)
def test_fibrinogen(before, after, expected):
    assert verdict("RSFIBV", before={"FIB": before}, after={"FIB": after}) == expected


@pytest.mark.parametrize(
    ("colour", "firmness", "expected"),
    [
        ("LIGHTER", "LITTLE_OR_NO", "CR"),
        ("LITTLE_OR_NO", "SOFTER", "CR"),
        ("LITTLE_OR_NO", "LITTLE_OR_NO", "PR"),
        ("DARKER", "LITTLE_OR_NO", "NR"),
        ("LITTLE_OR_NO", "HARDER", "NR"),
        ("LIGHTER", "HARDER", "NC"),
        ("DARKER", "SOFTER", "NC"),
    ],
)
def test_skin_and_palpation(colour, firmness, expected):
    assert verdict("RSSKINV", answers={"RSCOL": colour, "RSFIRM": firmness}) == expected


def test_skin_does_not_apply_to_deep_lesions():
    evaluation = response({"RSCOL": "", "RSFIRM": ""}, depth="DEEP")
    assert {"RSCOL", "RSFIRM"} <= set(evaluation.irrelevant)
    assert (evaluation.data["RSSKINV"], evaluation.data["RSOVR"]) == ("NA", "CR")


def test_blood_products_make_platelets_and_fibrinogen_not_evaluable():
    data = response({"RSBLOOD": "Y"}, after={"PLT": "10", "FIB": "0.50"}).data
    assert (data["RSPLTV"], data["RSFIBV"], data["RSOVR"]) == ("NE", "NE", "CR")


@pytest.mark.parametrize("component", ["PLT", "VOL", "FIB", "SKIN"])
def test_a_component_can_be_said_not_evaluable(component):
    data = response({"RSNE": [component]}).data
    assert (data[f"RS{component}V"], data["RSOVR"]) == ("NE", "CR")


@pytest.mark.parametrize(
    ("given", "overall"),
    [
        ({"after": {"PLT": "60"}}, "PR"),  # the worst of them
        ({"after": {"PLT": "40"}}, "NC"),
        ({"after": {"PLT": "40", "FIB": "1.00"}}, "NR"),  # nothing is worse than none
        ({"after": {"PLT": "60", "VOL": ("2", "2", "1")}}, "NC"),
        ({"answers": {"RSNE": ["PLT", "VOL", "FIB", "SKIN"]}}, "NE"),
    ],
)
def test_overall_is_the_worst_evaluable_component(given, overall):
    assert verdict("RSOVR", **given) == overall


def test_overall_waits_for_every_component():
    assert verdict("RSOVR", answers={"RSCOL": ""}) is None


def test_the_investigator_adjudicates_with_a_reason():
    items = protocol_of(T4).items
    assert items["RSADJ"].definition.required and items["RSADJTX"].definition.required
    assert "RSADJTX" in response().irrelevant
    adjudicated = response({"RSADJ": "PR"})
    assert "RSADJTX" not in adjudicated.irrelevant
    assert not fired(adjudicated)
