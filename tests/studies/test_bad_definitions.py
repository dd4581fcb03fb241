"""Everything that can be wrong with a definition file is found, named with its line, and told with what would be right."""

from pathlib import Path

import pytest
import yaml

from apps.studies.loading import Library, load_study
from tests.factories import ANALYTES, SMALL_TRIAL

GOOD = SMALL_TRIAL.read_text(encoding="utf-8")


def load(tmp_path, *changes, item_types=None):
    """The small trial with texts replaced, each of which must stand there."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path, Library(analytes=ANALYTES), item_types), text


def test_it_works(tmp_path):
    loaded, _ = load(tmp_path)
    assert loaded.problems == []
    assert loaded.definition.study == "small-trial"


BAD = yaml.safe_load(Path(__file__).with_name("bad_definitions.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", BAD)
def test_is_found_with_line_and_advice(tmp_path, case):
    old, new, words, path = (BAD[case][key] for key in ("old", "new", "words", "path"))
    loaded, text = load(tmp_path, (old, new))
    assert loaded.definition is None
    found = [problem for problem in loaded.errors if problem.path == path and words in problem.message]
    assert found, [str(problem) for problem in loaded.problems]
    near = text.index(new) if new else GOOD.index(old)
    line = text.count("\n", 0, near) + 1
    assert abs(found[0].line - line) <= 1, (found[0].line, line)
    assert len(loaded.errors) == 1, [str(problem) for problem in loaded.errors]


def test_all_problems_are_told_at_once(tmp_path):
    """Wrong shapes do not hide wrong references, and an element that is set aside is not missed elsewhere."""
    loaded, _ = load(
        tmp_path,
        ("analyte: HGB", "analyte: HBG"),
        ("kind: unscheduled", "kind: unplanned"),
        ("{oid: KMP, type: yesno,", "{oid: KMP, type: yesyes,"),
        ('rule: "SHRINK < 30"', 'rule: "SHRIMK < 30"'),
        ("target: 30", "target: many"),
    )
    paths = {problem.path for problem in loaded.errors}
    assert paths == {
        "target",
        "eligibility[I02].rule",
        "visits[UNS].kind",
        "forms[DX].groups[DXG].items[KMP].type",
        "forms[HEM].groups[HEMG].items[HGB].analyte",
    }


def test_missing_chinese_is_a_warning(tmp_path):
    loaded, _ = load(tmp_path, ("label: {en: Month 1, zh: 第1个月}", "label: Month 1"))
    assert loaded.definition is not None
    (problem,) = loaded.problems
    assert not problem.is_error
    assert problem.path == "visits[M1].label"
    assert "the Chinese text is missing for “Month 1”" in problem.message


def test_form_that_nobody_can_fill_is_a_warning(tmp_path):
    loaded, _ = load(tmp_path, ("HEM, ELIG]", "HEM]"), ('rule: "OTHBLOOD == yes"', "rule: KMP == yes"))
    assert [problem.path for problem in loaded.problems] == ["forms[ELIG]"]
    assert loaded.definition is not None


def test_item_keeps_its_published_type(tmp_path):
    loaded, _ = load(tmp_path, item_types={"PLT": "decimal", "BSA": "computed number"})
    (problem,) = loaded.errors
    assert "item PLT was published as decimal and is now integer" in problem.message
    assert problem.path == "forms[HEM].groups[HEMG].items[PLT].type"


def test_windows_of_two_arms_may_overlap(tmp_path):
    both = "{code: OTHER, label: {en: o, zh: 他}, anchor: randomization, at: 3 months, window: [-7d, +7d], "
    loaded, _ = load(tmp_path, ("  - {code: UNS,", f"  - {both}arm: HIGH, forms: [VS], source: record}}\n  - {{code: UNS,"))
    assert loaded.problems == []


def test_last_visit_of_a_cycle_must_leave_the_next_cycle_its_first(tmp_path):
    course = "code: C, label: {en: Course, zh: 疗程}, anchor: first_dose, length: 12 weeks, max: 4, source: record"
    common = "anchor: first_dose, window: [-3d, +3d], cycle: C, forms: [VS], source: record"

    def visits(*weeks: int) -> str:
        lines = [f"  - {{code: C{n}, label: {{en: x, zh: 某}}, at: {n} weeks, {common}}}\n" for n in weeks]
        return f"cycles:\n  - {{{course}}}\nvisits:\n{''.join(lines)}"

    assert load(tmp_path, ("visits:\n", visits(0, 8)))[0].problems == []
    loaded, _ = load(tmp_path, ("visits:\n", visits(0, 8, 12)))
    (problem,) = loaded.errors
    assert "the windows of C12 and C0 of the next cycle overlap" in problem.message


@pytest.mark.parametrize(
    ("sizes", "blinded", "warns"),
    [
        ("[4, 6]", "outcome_assessor", False),
        ("[4]", "outcome_assessor", True),
        ("[8]", "outcome_assessor", True),  # one size: whoever counts knows where a block ends
        ("[2, 4]", "outcome_assessor", True),
        ("[2, 4]", "outcome_assessor, coordinator, investigator", False),
    ],
)
def test_blocks_that_can_be_predicted_are_warned_of(tmp_path, sizes, blinded, warns):
    loaded, _ = load(tmp_path, ("block_sizes: [4, 6]", f"block_sizes: {sizes}"), ("[outcome_assessor]", f"[{blinded}]"))
    assert loaded.definition is not None
    assert any("can tell the last ones" in problem.message for problem in loaded.problems) == warns


def test_a_direct_identifier_in_a_form_is_warned_of(tmp_path):
    loaded, _ = load(tmp_path, ("{oid: DXNOTE,", "{oid: PHONE,"))
    assert loaded.definition is not None
    assert any("PHONE looks like a direct identifier" in problem.message for problem in loaded.problems)


def test_images_that_are_hidden_from_the_blinded(tmp_path):
    blinding = "blinding: {blinded: [outcome_assessor], source: assumption}"
    reading = f"{blinding}\nreading: {{images: [DSFILE], score: VS, source: assumption}}"
    hidden = ("{oid: DSFILE, type: file, ", "{oid: DSFILE, type: file, blinding: arm, ")
    assert load(tmp_path, (blinding, reading))[0].errors == []
    (problem,) = load(tmp_path, (blinding, reading), hidden)[0].errors
    assert "DSFILE is hidden from the blinded" in problem.message
