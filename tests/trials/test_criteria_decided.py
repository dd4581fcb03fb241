"""Each criterion of each trial is decided by data, at its bounds, or says that it cannot be."""

import pytest

from tests.trials.definitions import SLUGS, T1, T2, T3, T4, T5, assessment_of, protocol_of, verdict_of

CONSENT = {"RFICDAT": "2024-06-15", "ICSIGNER": "MOTHER"}
# somebody who meets every criterion, by trial
ELIGIBLE = {
    T1: {
        **CONSENT,
        "BRTHDAT": "2018-03-01",
        "DXISSVA": "KHE",
        "I03YN": "Y",
        "REMSTDAT": "2022-06-15",
        "TOXHX": "N",
        "ALT": "30",
        "ALTULN": "35",
        "AST": "30",
        "ASTULN": "44",
        "BILI": "9.0",
        "BILIULN": "20.0",
        "CREAT": "40",
        "CREATULN": "66",
        "E01YN": "N",
        "E02YN": "N",
        "E03YN": "N",
        "E04YN": "N",
        "E05YN": "N",
    },
    T2: {
        **CONSENT,
        "BRTHDAT": "2020-06-15",
        "DXISSVA": "KHE",
        "PXPROP": "Y",
        "PXPROPR": "POOR",
        "PXSTER": "Y",
        "PXSTERR": "POOR",
    },
    T3: {
        **CONSENT,
        "BRTHDAT": "2023-10-01",
        "IHHEYN": "Y",
        "PROPDUR": "3",
        "SHRINK": "12.0",
        "SHRINKV": "20.0",
        "E01YN": "N",
        "E02YN": "N",
        "E03YN": "N",
        "KMP": "N",
    },
    T4: {**CONSENT, "BRTHDAT": "2023-10-01", "DXISSVA": "KHE"},
    T5: {
        "RFICDAT": "2024-06-15",
        "ICSIGNER": "PARTICIPANT",
        "BRTHDAT": "1980-01-01",
        "SEX": "M",
        "UNRESP": "Y",
        "INTOL": "N",
        "PRTDUR": "8.0",
        "PRSTER": "Y",
        "PRIS": "Y",
        "CTDDX": "SLE",
        "CTDCRIT": "Y",
        "RHEUM2": "N",
        "PLT": "20",
    },
}
WOMAN = {"SEX": "F", "CHILDPOT": "Y", "PREGRES": "NEGATIVE", "CONTRA": "Y"}
MINOR = {"BRTHDAT": "2007-01-01"}  # 17 at consent

# trial, criterion, what is different from the eligible one, verdict
CASES = [
    (T1, "I01", {"DXISSVA": "TA"}, "not_met"),
    (T1, "I02", {"BRTHDAT": "2012-06-16"}, "met"),  # 11 years 364 days
    (T1, "I02", {"BRTHDAT": "2012-06-15"}, "not_assessable"),  # 12 today
    (T1, "I02", {"BRTHDAT": "2011-06-16"}, "not_assessable"),  # 12 years 364 days
    (T1, "I02", {"BRTHDAT": "2011-06-15"}, "not_met"),  # 13 today
    (T1, "I02", {"BRTHDAT": "2024-06-15"}, "met"),  # born today
    (T1, "I02", {"BRTHDAT": "2012-06"}, "not_assessable"),  # 11 or 12
    (T1, "I02", {"BRTHDAT": "2012-07"}, "met"),  # 11 on any day
    (T1, "I03", {"I03YN": "N"}, "not_met"),
    (T1, "I04", {"REMSTDAT": "2022-06-16"}, "not_met"),  # a day short of two years
    (T1, "I04", {"TOXHX": "Y"}, "not_met"),
    (T1, "I05", {"ALT": "35"}, "met"),
    (T1, "I05", {"ALT": "35.1"}, "not_met"),
    (T1, "I05", {"AST": "44.1"}, "not_met"),
    (T1, "I05", {"BILI": "20.1"}, "not_met"),
    (T1, "I05", {"CREAT": "66.1"}, "not_met"),
    (T1, "I05", {"CREAT": {"missing": "ND"}}, "not_assessable"),
    (T1, "I06", {"RFICDAT": ""}, "not_met"),
    (T1, "I06", {"ICSIGNER": "PARTICIPANT"}, "not_met"),
    (T1, "E01", {"E01YN": "Y"}, "not_met"),
    (T1, "E02", {"E02YN": "Y"}, "not_met"),
    (T1, "E03", {"E03YN": "Y"}, "not_met"),
    (T1, "E04", {"E04YN": "Y"}, "not_met"),
    (T1, "E05", {"E05YN": "Y"}, "not_met"),
    (T2, "I01", {"BRTHDAT": "2024-05-16"}, "not_met"),  # a day short of a month
    (T2, "I01", {"BRTHDAT": "2024-05-15"}, "met"),
    (T2, "I01", {"BRTHDAT": "2009-06-16"}, "met"),  # 14 years 364 days
    (T2, "I01", {"BRTHDAT": "2009-06-15"}, "not_met"),  # 15 today
    (T2, "I02", {"DXISSVA": "TA"}, "met"),
    (T2, "I02", {"DXISSVA": "IH"}, "not_met"),
    (T2, "I02", {"DXISSVA": "CLVM", "DXCPLX": "Y"}, "met"),
    (T2, "I02", {"DXISSVA": "LM", "DXCPLX": "N"}, "not_met"),
    (T2, "I02", {"DXISSVA": "LM"}, "not_assessable"),
    (T2, "I03", {"PXPROPR": "PARTIAL"}, "not_met"),
    (T2, "I03", {"PXSTERR": "GOOD"}, "not_met"),
    (T2, "I03", {"PXSTER": "N", "PXSTERR": ""}, "not_met"),
    (T2, "I03", {"PXSTERR": {"missing": "UNK"}}, "not_assessable"),
    (T2, "I04", {"RFICDAT": ""}, "not_met"),
    (T3, "I01", {"IHHEYN": "N"}, "not_met"),
    (T3, "I02", {"BRTHDAT": "2024-05-16"}, "not_met"),  # a day short of a month
    (T3, "I02", {"BRTHDAT": "2024-05-15"}, "met"),
    (T3, "I02", {"BRTHDAT": "2021-06-05"}, "met"),  # 36 months and 10 days
    (T3, "I02", {"BRTHDAT": "2021-05-15"}, "not_met"),  # 37 months
    (T3, "I03", {"PROPDUR": "2"}, "not_met"),
    (T3, "I03", {"PROPDUR": "14"}, "met"),
    (T3, "I04", {"ICSIGNER": "PARTICIPANT"}, "not_met"),
    (T3, "E01", {"E01YN": "Y"}, "not_met"),
    (T3, "E02", {"E02YN": "Y"}, "not_met"),
    (T3, "E03", {"E03YN": "Y"}, "not_met"),
    (T3, "E04", {"KMP": "Y"}, "not_met"),
    (T3, "E05", {"SHRINK": "45.0", "SHRINKV": "60.0"}, "not_met"),
    (T4, "I01", {"DXISSVA": "TA"}, "not_met"),
    (T4, "I02", {"BRTHDAT": "2006-06-16"}, "met"),  # 17 years 364 days
    (T4, "I02", {"BRTHDAT": "2006-06-15"}, "not_met"),  # 18 today
    (T4, "I03", {"RFICDAT": ""}, "not_met"),
    (T4, "I03", {"ICSIGNER": "PARTICIPANT"}, "not_met"),
    (T5, "I01", {"BRTHDAT": "2008-06-16"}, "not_met"),  # 15 years 364 days
    (T5, "I01", {"BRTHDAT": "2008-06-15"}, "met"),
    (T5, "I01", {"BRTHDAT": "1943-06-16"}, "met"),  # 80 years 364 days
    (T5, "I01", {"BRTHDAT": "1943-06-15"}, "not_met"),  # 81 today
    (T5, "I02", {"PRTDUR": "3.0"}, "not_met"),
    (T5, "I02", {"PRTDUR": "3.1"}, "not_assessable"),
    (T5, "I02", {"PRTDUR": "5.9"}, "not_assessable"),
    (T5, "I02", {"PRTDUR": "6.0"}, "met"),
    (T5, "I02", {"PRTDUR": "0.5", "UNRESP": "N", "INTOL": "Y"}, "met"),
    (T5, "I02", {"PRTDUR": "4.0", "INTOL": "Y"}, "met"),
    (T5, "I02", {"UNRESP": "N"}, "not_met"),
    (T5, "I02", {"PRTDUR": "4.0", "INTOL": ""}, "not_assessable"),
    (T5, "I03", {"CTDDX": "OTHER"}, "not_met"),
    (T5, "I03", {"CTDDX": "OTHER", "RHEUM2": "Y"}, "met"),
    (T5, "I03", {"CTDCRIT": "N"}, "not_met"),
    (T5, "I04", {"PLT": "99"}, "met"),
    (T5, "I04", {"PLT": "100"}, "not_met"),
    (T5, "I05", MINOR, "not_met"),
    (T5, "I05", {**MINOR, "ICSIGNER": "MOTHER"}, "not_met"),
    (T5, "I05", {**MINOR, "ICSIGNER": "PARTICIPANT_AND_GUARDIAN"}, "met"),
    (T5, "I05", {"RFICDAT": ""}, "not_met"),
    (T5, "I06", WOMAN, "met"),
    (T5, "I06", {**WOMAN, "PREGRES": "POSITIVE"}, "not_met"),
    (T5, "I06", {**WOMAN, "CONTRA": "N"}, "not_met"),
    (T5, "I06", {"SEX": "F", "CHILDPOT": "N"}, "met"),
    (T5, "I06", {"SEX": "F"}, "not_assessable"),
    (T5, "E01", {"PRSTER": "N", "PRIS": "N"}, "not_met"),
    (T5, "E01", {"PRSTER": "Y", "PRIS": "N"}, "met"),
]


@pytest.mark.parametrize("slug", SLUGS)
def test_it_works(slug):
    assessment = assessment_of(slug, ELIGIBLE[slug])
    assert assessment.is_eligible, assessment.without("met")


@pytest.mark.parametrize(("slug", "code", "changes", "verdict"), CASES)
def test_each_criterion(slug, code, changes, verdict):
    assert verdict_of(slug, code, ELIGIBLE[slug] | changes) == verdict


@pytest.mark.parametrize("slug", SLUGS)
def test_every_criterion_can_be_failed(slug):
    failed = {code for trial, code, _, verdict in CASES if trial == slug and verdict == "not_met"}
    assert failed == {criterion.definition.code for criterion in protocol_of(slug).criteria}


@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_is_met_without_data(slug):
    assert "met" not in {result.verdict for result in assessment_of(slug, {}).results}


# what is known besides already decides
MET_ANYWAY = {
    (T3, "E05", "PROPDUR"),  # a tumour that shrank less is not excluded, however long propranolol was
    (T5, "I02", "INTOL"),  # unresponsive for 6 months is enough
    (T5, "I03", "RHEUM2"),  # the classification criteria are enough
    (T5, "E01", "PRSTER"),  # the immunosuppressant is enough
    (T5, "E01", "PRIS"),  # the steroid is enough
}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_missing_code_decides_nothing(slug):
    """With any one item coded as not done, the criteria that read it are never met because of it."""
    protocol = protocol_of(slug)
    for criterion in protocol.criteria:
        for oid in criterion.rule.items & ELIGIBLE[slug].keys():
            values = ELIGIBLE[slug] | {oid: {"missing": "ND"}}
            met_by_another_way = (slug, criterion.definition.code, oid) in MET_ANYWAY
            assert (verdict_of(slug, criterion.definition.code, values) == "met") is met_by_another_way, oid


def test_asserted_criteria_read_one_answer_of_the_investigator():
    for slug in SLUGS:
        for criterion in protocol_of(slug).criteria:
            if criterion.definition.asserted:
                (oid,) = criterion.rule.items
                assert protocol_of(slug).items[oid].definition.type == "yesno"
                assert protocol_of(slug).items[oid].definition.required
