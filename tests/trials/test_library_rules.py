"""What the shared forms compute, hide and check; dates that visits are counted from."""

import pytest

from tests.trials.definitions import T1, T3, T4, T5, evaluated, filled, fired, protocol_of

CONSENT = filled("IC", {"RFICDAT": "2024-06-01"}, visit="SCR", number=1)
BIRTH = filled("DM", {"BRTHDAT": "2024-01-01", "SEX": "F"}, visit="SCR", number=2)


def test_it_works():
    data = evaluated(T3, "VS", {"VSDAT": "2024-06-01", "HEIGHT": "55", "WEIGHT": "4.5"}).data
    assert data["BSA"] == "0.2622"  # Mosteller, √(55·4.5/3600)


def test_age_at_consent_in_completed_months_and_years():
    data = evaluated(T3, "DM", {"BRTHDAT": "2021-06-02"}, others=[CONSENT]).data
    assert (data["AGEMO"], data["AGE"]) == ("35", "2")


@pytest.mark.parametrize(
    ("last", "sample", "hours", "check"),
    [
        (("2024-06-01", "20:00"), ("2024-06-02", "08:00"), "12.00", None),
        (("2024-06-01", "20:00"), ("2024-06-02", "10:01"), "14.02", None),
        (("2024-06-02", "09:00"), ("2024-06-02", "08:00"), "-1.00", "PC_C01"),
        (("2024-05-29", "07:00"), ("2024-06-02", "08:00"), "97.00", "PC_C02"),
    ],
)
def test_hours_since_the_last_dose(last, sample, hours, check):
    times = dict(zip(("LASTDOSEDAT", "LASTDOSETIM", "PCDAT", "PCTIM"), (*last, *sample), strict=True))
    evaluation = evaluated(T3, "PC", {**times, "SIROTR": "9.5"})
    assert evaluation.data["PCHRS"] == hours
    assert fired(evaluation) == ({check} if check else set())


@pytest.mark.parametrize(("below", "hidden"), [(None, "PCLLOQ"), ("N", "PCLLOQ"), ("Y", "SIROTR")])
def test_a_level_below_the_limit_is_said_by_its_limit(below, hidden):
    data = {"PCBLQ": below} if below else {}
    assert set(evaluated(T3, "PC", data).irrelevant) == {hidden}


DOSE = {"ECSTDAT": "2024-06-10", "ECDOSE": "0.21", "ECFREQ": "BID", "ECFORM": "SOLUTION"}


@pytest.mark.parametrize(
    ("changes", "dates"),
    [
        ({"ECREASON": "START"}, {"ECFRSTDT": "2024-06-10"}),
        ({"ECREASON": "TROUGH"}, {"ECCHGDAT": "2024-06-10"}),
        ({"ECREASON": "TAPER", "ECENDAT": "2024-07-01", "ECLAST": "N"}, {"ECCHGDAT": "2024-06-10"}),
        (
            {"ECREASON": "START", "ECENDAT": "2024-07-01", "ECLAST": "Y"},
            {"ECFRSTDT": "2024-06-10", "ECLSTDT": "2024-07-01"},
        ),
    ],
)
def test_the_dose_log_says_first_dose_change_and_last_dose(changes, dates):
    evaluation = evaluated(T3, "EC", DOSE | changes, others=[CONSENT])
    shown = {oid: evaluation.data.get(oid) for oid in ("ECFRSTDT", "ECCHGDAT", "ECLSTDT")}
    assert {oid: on for oid, on in shown.items() if oid not in evaluation.irrelevant and on} == dates
    assert evaluation.data["ECDAY"] == "0.42"


def test_only_one_record_is_the_first_dose():
    first = filled("EC", DOSE | {"ECREASON": "START"}, number=1)
    assert "EC_C03" in fired(evaluated(T3, "EC", DOSE | {"ECREASON": "START"}, others=[CONSENT, first]))
    assert "EC_C03" not in fired(evaluated(T3, "EC", DOSE | {"ECREASON": "TROUGH"}, others=[CONSENT, first]))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"ECREASON": "START", "ECSTDAT": "2024-06-29"}, None),  # day 28
        ({"ECREASON": "START", "ECSTDAT": "2024-06-30"}, "EC_C04"),
        ({"ECREASON": "START", "ECSTDAT": "2024-05-31"}, "EC_C04"),
        ({"ECREASON": "TROUGH", "ECSTDAT": "2024-09-01"}, None),
        ({"ECREASON": "START", "ECENDAT": "2024-06-09"}, "EC_C01"),
        ({"ECREASON": "START", "ECFORM": "TABLET", "ECDOSE": "1.50"}, None),
        ({"ECREASON": "START", "ECFORM": "TABLET", "ECDOSE": "0.75"}, "EC_C02"),
    ],
)
def test_checks_of_the_dose_log(changes, check):
    assert fired(evaluated(T3, "EC", DOSE | changes, others=[CONSENT])) == ({check} if check else set())


EVENT = {"AETOXGR": "2", "AESTDAT": "2024-07-01", "AEENDAT": "2024-07-03", "AEOUT": "RECOVERED/RESOLVED", "AESER": "N"}
NONE = dict.fromkeys(("AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE"), "N")


@pytest.mark.parametrize(
    ("changes", "checks"),
    [
        ({}, set()),
        ({"AEENDAT": "2024-06-30"}, {"AE_C03"}),
        ({"AEENDAT": "2024-07-01"}, set()),  # over the same day
        ({"AEENDAT": "2024-07"}, set()),  # may be after the start
        ({"AESTDAT": "2024-05-20"}, {"AE_C02"}),
        ({"AEENDAT": ""}, {"AE_C05"}),
        ({"AETOXGR": "5"}, {"AE_C01", "AE_C07"}),
        ({"AEOUT": "FATAL"}, {"AE_C04"}),
        ({"AETOXGR": "4"}, {"AE_C07"}),
        ({"AESER": "Y", **NONE}, {"AE_C06"}),
        ({"AESER": "Y", **NONE, "AESHOSP": "Y"}, set()),
        ({"AESER": "Y", **NONE, "AESDTH": "Y"}, {"AE_C08"}),
        ({"AESER": "Y", **NONE, "AESDTH": "Y", "AEOUT": "FATAL", "AETOXGR": "5"}, set()),
    ],
)
def test_checks_of_adverse_events(changes, checks):
    assert fired(evaluated(T3, "AE", EVENT | changes, others=[CONSENT])) == checks


def test_criteria_of_seriousness_are_asked_of_serious_events_only():
    assert {*NONE, "AEAWDAT", "AEAWTIM"} <= set(evaluated(T3, "AE", EVENT).irrelevant)


@pytest.mark.parametrize(
    ("form", "data", "check"),
    [
        ("VS", {"VSDAT": "2024-12-31", "HEIGHT": "91", "WEIGHT": "9"}, "VS_C01"),
        ("VS", {"VSDAT": "2024-12-31", "HEIGHT": "75", "WEIGHT": "15.01"}, "VS_C03"),
        ("VS", {"SYSBP": "90", "DIABP": "90"}, "VS_C05"),
        ("HEM", {"WBC": "5.00", "ANC": "5.01"}, "HEM_C01"),
        ("HEM", {"WBC": "5.00", "LYM": "5.01"}, "HEM_C02"),
        ("IC", {"RFICDAT": "2024-06-01", "ICASSENT": "DECLINED"}, "IC_C02"),
        ("DM", {"BRTHDAT": "2024-06-02"}, "DM_C01"),
        ("DX", {"DXISSVA": "IH", "KMP": "Y", "KMPPLT": "20"}, "DX_C02"),
        ("DX", {"DXISSVA": "KHE", "KMP": "Y", "KMPPLT": "100"}, "DX_C03"),
    ],
)
def test_other_checks(form, data, check):
    others = [one for one in (CONSENT, BIRTH) if one.form_oid != form]
    assert check in fired(evaluated(T3, form, data, others=others, visit="SCR"))


def test_weight_is_compared_with_the_visit_before():
    others = [BIRTH, filled("VS", {"WEIGHT": "5", "HEIGHT": "60"}, visit="D0", at=1)]
    later = {"VSDAT": "2024-07-01", "HEIGHT": "58.9", "WEIGHT": "6.01"}
    assert fired(evaluated(T3, "VS", later, others=others, visit="W2", at=2)) == {"VS_C02", "VS_C04"}
    later = {"VSDAT": "2024-07-01", "HEIGHT": "59.0", "WEIGHT": "6.00"}
    assert not fired(evaluated(T3, "VS", later, others=others, visit="W2", at=2))


def test_volume_of_the_lesion_and_its_change_by_like_modality():
    size = {"LENGTH": "3", "WIDTH": "2", "DEPTH": "1"}
    assert evaluated(T3, "TUM", size).data["TUMVOL"] == "3.142"  # π/6 · 6
    before = filled("TUM", {"TUMMOD": "US", "TUMVOL": "6.283"}, visit="SCR", at=0)
    like = evaluated(T3, "TUM", size | {"TUMMOD": "US"}, others=[before], visit="M1", at=4)
    assert like.data["TUMCHG"] == "-50.0"
    unlike = evaluated(T3, "TUM", size | {"TUMMOD": "MRI"}, others=[before], visit="M1", at=4)
    assert unlike.irrelevant == ["TUMCHG"]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("20", "101", "CR"),
        ("20", "100", "NC"),
        ("20", "99", "PR"),
        ("20", "41", "PR"),
        ("20", "40", "NC"),  # exactly twice
        ("20", "39", "NR"),
        ("60", "99", "NR"),  # below 100 and not twice
    ],
)
def test_platelet_response_of_t5(before, now, expected):
    others = [
        filled("HEM", {"PLT": before, "HEMDAT": "2024-06-01"}, visit="SCR", at=0, number=1),
        filled("HEM", {"PLT": now, "HEMDAT": "2024-07-10"}, visit="M1", at=2, number=2),
        filled("EC", {"ECSTDAT": "2024-06-10", "ECREASON": "START"}, number=3),
    ]
    data = evaluated(T5, "TPR", {"TPRDAT": "2024-07-10"}, others=others, visit="M1", at=2).data
    assert data["TPRV"] == expected
    assert data.get("TPRDAYS") == ("30" if expected == "CR" else None)


@pytest.mark.parametrize(
    ("remission", "takes", "outcome"), [("Y", "N", "Y"), ("Y", "Y", "N"), ("N", "N", "N"), (None, "N", None)]
)
def test_primary_outcome_of_t1(remission, takes, outcome):
    others = [filled("REM", {"REMYN": remission} if remission else {}, visit="M12", at=12)]
    data = evaluated(T1, "ONE", {"SIRO1Y": takes}, others=others, visit="M12", at=12).data
    assert data.get("PRIM1Y") == outcome


@pytest.mark.parametrize(("began", "early"), [("2024-01-10", False), ("2024-01-11", True)])
def test_the_final_stop_comes_after_six_months_of_taper(began, early):
    evaluation = evaluated(T1, "STP", {"STPTAP": began, "STPDAT": "2024-07-10"})
    assert ("STP_C01" in fired(evaluation)) is early


def test_kmp_of_t1_is_history_and_of_t4_baseline():
    assert "istory" in protocol_of(T1).items["KMP"].definition.label.en
    assert "baseline" in protocol_of(T4).items["KMP"].definition.label.en
