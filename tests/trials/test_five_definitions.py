"""The five trials load without error or warning and say where each element comes from, in both languages."""

import itertools
import re
from collections import Counter

import pytest
import yaml

from apps.common.permissions import Role
from apps.labs.analytes import analytes
from apps.safety.ctcae.scales import TERMS
from apps.studies.definition import CodeList, FormDefinition
from apps.studies.definition.base import Sourced, Text
from apps.studies.loading.checks.texts import texts_in
from apps.studies.loading.library import read_library
from tests.trials.definitions import FIXTURES, SLUGS, T1, T2, T3, T4, T5, loaded, protocol_of

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LIBRARY = read_library(FIXTURES / "library")


def parts_of(part, kind):
    """Every element of a kind below a definition."""
    if isinstance(part, kind):
        yield part
    if hasattr(type(part), "model_fields"):
        for name in type(part).model_fields:
            yield from parts_of(getattr(part, name), kind)
    elif isinstance(part, list | tuple):
        for element in part:
            yield from parts_of(element, kind)


@pytest.mark.parametrize("slug", SLUGS)
def test_it_works(slug):
    assert loaded(slug).problems == []
    assert protocol_of(slug).definition.study == slug


@pytest.mark.parametrize("slug", SLUGS)
def test_every_text_is_written_in_both_languages(slug):
    for path, text in texts_in(loaded(slug).definition):
        assert CHINESE.search(text.zh), f"{path}: {text}"
        assert not CHINESE.search(text.en), f"{path}: {text}"


@pytest.mark.parametrize("slug", SLUGS)
def test_every_element_has_its_source_with_a_note(slug):
    study = loaded(slug).definition
    sourced = list(parts_of(study, Sourced))
    assert len(sourced) > 20
    for element in [*sourced, *study.forms, study.blinding, study.registry]:
        assert element.source, element
        assert isinstance(element.note, Text), element
    assert (study.target is None) is (study.target_source is None)
    for visit in study.visits:
        assert (visit.window is None) is (visit.window_source is None), visit.code


@pytest.mark.parametrize("slug", SLUGS)
def test_no_record_states_a_window(slug):
    assert {visit.window_source for visit in loaded(slug).definition.visits} <= {"assumption", None}


@pytest.mark.parametrize("slug", SLUGS)
def test_assumptions_are_asked_about(slug):
    """Every question that is not decided by an effect says what we assumed meanwhile, and so does every other."""
    questions = loaded(slug).definition.questions
    assert len(questions) >= 8
    for question in questions:
        assert question.assumed is not None, question.code
        assert (question.when is None) is (question.effect == "none"), question.code


@pytest.mark.parametrize("slug", SLUGS)
def test_every_form_is_used(slug):
    study = loaded(slug).definition
    used = {oid for visit in study.visits for oid in visit.forms} | set(study.log_forms)
    assert used == {form.oid for form in study.forms}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_milestones_that_visits_hang_on_are_set_by_items(slug):
    protocol = protocol_of(slug)
    kinds = {item.definition.milestone for item in protocol.items.values()} - {None}
    assert {"consent", "first_dose", "last_dose", "dose_change", "disposition"} <= kinds
    assert all(role in set(Role) for role in protocol.definition.blinding.blinded)


RECORD = {
    T1: ("NCT04448873", True, 30, {"MAINT", "GDISC"}, "5.0", "4"),
    T2: ("NCT04598204", True, 30, {"RAPA"}, "4.03", "2/3"),
    T3: ("NCT04406870", True, 36, {"PROP_SIRO"}, "5.0", "4"),
    T4: ("NCT04077515", False, None, {"HIGH", "LOW"}, "4.03", ""),
    T5: ("NCT03688191", True, 20, {"SIRO"}, "5.0", "4"),
}


@pytest.mark.parametrize("slug", SLUGS)
def test_facts_of_the_records(slug):
    study = loaded(slug).definition
    arms = {arm.code for arm in study.arms}
    facts = (study.registry.id, study.registry.confirmed, study.target, arms, study.ctcae.version, study.phase)
    assert facts == RECORD[slug]
    assert study.safety.ae_until_days_after_last_dose == 30


@pytest.mark.parametrize("slug", [T1, T4])
def test_randomized_trials_have_a_plan(slug):
    plan = loaded(slug).definition.randomization
    assert (plan.method, plan.block_sizes, plan.strata) == ("permuted_blocks", [4, 6], ["KMP"])
    assert plan.source == "assumption"
    assert {arm.ratio for arm in loaded(slug).definition.arms} == {1}


@pytest.mark.parametrize("slug", [T2, T3, T5])
def test_single_group_trials_have_none(slug):
    assert loaded(slug).definition.randomization is None
    assert len(loaded(slug).definition.arms) == 1


def test_the_assessor_of_t1_sees_no_allocation_dose_or_level():
    protocol = protocol_of(T1)
    assert protocol.definition.blinding.blinded == ["outcome_assessor"]
    assert {oid for oid, form in protocol.forms.items() if form.blinded} == {"PC", "EC", "EOT", "ONE", "STP"}
    hidden = {item.oid for item in protocol.items.values() if item.definition.blinding == "arm"}
    assert hidden == {"AEACN", "RLPDOSE"}
    assert {code for code, visit in protocol.visits.items() if visit.blinding} == {"EOT", "SFU"}
    assert not protocol.forms["REM"].blinded and not protocol.forms["TUM"].blinded


@pytest.mark.parametrize("slug", [T2, T3, T4, T5])
def test_the_others_are_open(slug):
    assert loaded(slug).definition.blinding.blinded == []


@pytest.mark.parametrize("slug", SLUGS)
def test_each_has_two_sites_and_the_invented_ones_say_so(slug):
    sites = loaded(slug).definition.sites
    assert len(sites) >= 2
    for site in sites[0 if slug == T4 else 1 :]:
        assert site.name.en.startswith("Demonstration site") and site.name.zh.startswith("演示中心")
    if slug != T4:
        assert "ospital" in sites[0].name.en or "Medical Center" in sites[0].name.en


# the forms that the issue lists, re-consent and end of treatment
LISTED = {
    *("DM", "IC", "RIC", "DX", "MH", "PRIOR", "CM", "PE", "VS", "HEM", "CHEM", "COAG", "URINE", "PC", "EC", "TUM"),
    *("RESP", "MARK", "SLEDAI", "AE", "EOT", "DS"),
}


def test_the_library_is_whole():
    assert set(LIBRARY.forms) == LISTED
    forms = [FormDefinition.model_validate(form) for form in LIBRARY.forms.values()]
    assert {form.source for form in forms} <= {"assumption", "record"}
    codelists = {oid: CodeList.model_validate(raw) for oid, raw in LIBRARY.codelists.items()}
    assert {item.codelist for form in forms for item in form.items} - {None} == set(codelists)


def test_an_item_stands_on_one_form_of_the_library():
    items = Counter(item["oid"] for form in LIBRARY.forms.values() for group in form["groups"] for item in group["items"])
    assert [oid for oid, times in items.items() if times > 1] == []


def test_a_check_has_one_name():
    for slug in SLUGS:
        checks = Counter(check.definition.oid for item in protocol_of(slug).items.values() for check in item.checks)
        assert [oid for oid, times in checks.items() if times > 1] == []


def test_analytes_name_terms_that_are_graded():
    terms = {term for analyte in analytes().values() for term in analyte.ctcae.values()}
    assert terms == set(TERMS)


@pytest.mark.parametrize("slug", SLUGS)
def test_items_with_an_analyte_are_in_its_unit(slug):
    for item in protocol_of(slug).items.values():
        if item.definition.analyte:
            analyte = analytes()[item.definition.analyte]
            assert item.definition.unit in (analyte.unit, ""), item.oid
            factors = {unit: analyte.units.get(unit) for unit in item.definition.unit_choices}
            assert factors == item.definition.unit_choices, item.oid


def test_demonstration_ranges_cover_every_age_once_and_say_what_they_are():
    rows = yaml.safe_load((FIXTURES / "library" / "ranges.yaml").read_text(encoding="utf-8"))
    bands = {}
    for row in rows:
        assert row["source"].startswith("Demonstration")
        assert row["unit"] == analytes()[row["analyte"]].unit
        assert row["low"] is None or row["high"] is None or float(row["low"]) < float(row["high"])
        for sex in row["sex"] or "MF":
            bands.setdefault((row["analyte"], sex), []).append((row["age_from_days"], row["age_to_days"]))
    for key, spans in bands.items():
        assert spans[0][0] == 28 and spans[-1][1] == 55_000, key
        assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(spans)), key
    assert {analyte for analyte, _ in bands} == set(analytes()) - {"SIRO", "HCG"}
