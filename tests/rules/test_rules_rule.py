"""What a compiled rule tells of itself: what it reads, why it came out so, and itself in words."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from rules_study import SCHEMA, expressions

from apps.rules import (
    LANGUAGE_VERSION,
    MESSAGES,
    UNKNOWN,
    BadValue,
    DictScope,
    Elsewhere,
    ItemSpec,
    Kind,
    PartialDate,
    Schema,
    as_text,
    compile_rule,
    in_words,
    parse_value,
    typed,
)
from apps.rules.check import FUNCTION_NAMES, SPECIAL_NAMES
from apps.rules.phrases import PHRASES

LABELS = {
    "PLT": "Platelets", "SHRINK": "Shrinkage", "SEX": "Sex", "SEX=M": "male", "SEX=F": "female", "KMP": "KMP",
    "BRTHDAT": "Date of birth", "RFICDAT": "Date of consent", "AESER": "Serious", "AE": "Adverse events",
    "ECDOSE": "Dose", "SIGNS": "Signs", "SIGNS=PAIN": "pain",
}  # fmt: skip
LABELS_ZH = {"PLT": "血小板", "SHRINK": "缩小率", "SEX": "性别", "SEX=M": "男", "KMP": "KMP", "AESER": "严重"}


def test_what_it_reads():
    rule = compile_rule('PLT < 3 and baseline("HEM.PLT") > 3 and any(AESER) and last(SEX) == "M" and KMP', SCHEMA)
    assert rule.items == {"PLT", "KMP"}
    assert rule.elsewhere == {
        Elsewhere("PLT", "baseline", "HEM"),
        Elsewhere("AESER", "any", None),
        Elsewhere("SEX", "last", None),
    }
    assert LANGUAGE_VERSION == "1"


def test_explanation_names_what_was_used():
    scope = DictScope(
        {"PLT": Decimal("7.40"), "SHRINK": Decimal(30)},
        visits={"baseline": {"PLT": Decimal(9)}},
        repeats={"AE.AESER": [True, UNKNOWN]},
    )
    told = compile_rule('PLT < baseline(PLT) and not any("AE.AESER") and KMP', SCHEMA).explain(scope)
    assert told.result is False
    assert told.used == [("PLT", Decimal("7.40")), ("baseline(PLT)", Decimal(9)), ("AE.AESER", (True, UNKNOWN))]
    assert told.missing == ["AE.AESER"]
    told = compile_rule("PROPDUR >= 3 and SHRINK <= 30 and PROPDUR < 9", SCHEMA).explain(scope)
    assert told.result is UNKNOWN
    assert told.used == [("PROPDUR", UNKNOWN), ("SHRINK", Decimal(30))]
    assert told.missing == ["PROPDUR"]


@settings(max_examples=60, deadline=None)
@given(text=expressions())
def test_explanation_and_evaluation_agree(text):
    rule, scope = compile_rule(text, SCHEMA), DictScope({"PLT": Decimal(3), "KMP": True})
    told = rule.explain(scope)
    assert told.result is rule.evaluate(scope)
    named = {name for name, _ in told.used if "(" not in name}
    assert named <= rule.items | {item.oid for item in rule.elsewhere}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 <= SHRINK <= 36", "Shrinkage is at least 1 and at most 36"),
        ("3 < PLT", "Platelets is above 3"),
        ("PLT < 3 and (KMP or SEX == 'M')", "Platelets is below 3, and (KMP is yes, or Sex is male)"),
        ("not KMP", "KMP is no"),
        ("not (KMP and PLT > 3)", "It is not so that (KMP is yes, and Platelets is above 3)"),
        ("SEX in ['M', 'F']", "Sex is male or female"),
        ("SEX not in ['M']", "Sex is not male"),
        ("not has(SIGNS, 'PAIN')", "Signs does not include pain"),
        ("is_missing(PLT) or not is_missing(SHRINK)", "Platelets is missing, or Shrinkage is given"),
        (
            "age_months(BRTHDAT, at=RFICDAT) >= 1",
            "The age in completed months (from Date of birth to Date of consent) is at least 1",
        ),
        ("RFICDAT >= BRTHDAT", "Date of consent is not earlier than Date of birth"),
        ("any('AE.AESER')", "On at least one line Serious (form Adverse events) is yes"),
        ("sum(ECDOSE) / 2 > 3", "(the sum of Dose over all lines ÷ 2) is above 3"),
        ("coalesce(PLT, SHRINK, 3) > 1", "Platelets (or, if it is missing, Shrinkage (or, if it is missing, 3)) is above 1"),
        ("(PLT + 1) * 2", "(Platelets + 1) × 2"),
        ("PLT if KMP else 0", "Platelets if KMP is yes, otherwise 0"),
    ],
)
def test_in_words(text, words):
    assert in_words(compile_rule(text, SCHEMA), LABELS, "en") == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PLT >= 3 and SHRINK < 30", "血小板不小于3，并且缩小率小于30"),
        ("1 <= SHRINK <= 36", "缩小率不小于1且不大于36"),
        ("KMP or SEX == 'M'", "KMP为“是”，或者性别为男"),
        ("not (KMP or no)", "并非：（KMP为“是”，或者否）"),
        ("any(AESER)", "至少一行严重为“是”"),
        ("pct_change(PLT, baseline(PLT)) <= -20", "血小板相对基线时的血小板的变化百分比不大于-20"),
        ("is_missing(PLT)", "血小板缺失"),
    ],
)
def test_in_chinese_words(text, words):
    assert in_words(compile_rule(text, SCHEMA), LABELS_ZH, "zh") == words


@settings(max_examples=100, deadline=None)
@given(text=expressions())
def test_every_rule_has_words(text):
    rule = compile_rule(text, SCHEMA)
    assert in_words(rule, {"PLT": "{Platelets}"}, "en")
    assert in_words(rule, {}, "zh")


def test_every_function_has_phrases_in_both_languages():
    assert PHRASES["en"].keys() == PHRASES["zh"].keys()
    assert PHRASES["en"].keys() >= FUNCTION_NAMES - SPECIAL_NAMES


def test_every_message_is_a_sentence():
    assert all(text[0].isupper() or text[0] in '"{' or text.startswith("has takes") for text in MESSAGES.values())
    assert not any(text.endswith(".") for text in MESSAGES.values())  # the place follows


def test_schema():
    assert SCHEMA.get("PLT").form in ("HEM", "HEMX")
    assert SCHEMA.get("PLT", "HEMX").form == "HEMX"
    assert SCHEMA.get("PLT", "DM") is None
    assert SCHEMA.get("NONE") is None
    with pytest.raises(ValueError, match="two kinds"):
        Schema([ItemSpec("A", Kind.TEXT, "F"), ItemSpec("A", Kind.DATE, "G")])
    with pytest.raises(ValueError, match="twice"):
        Schema([ItemSpec("A", Kind.TEXT, "F"), ItemSpec("A", Kind.TEXT, "F")])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.NUMBER, "7.40", Decimal("7.40")),
        (Kind.NUMBER, "-2", Decimal(-2)),
        (Kind.DATE, "2024-05", PartialDate(2024, 5)),
        (Kind.TIME, "14:30", dt.time(14, 30)),
        (Kind.DATETIME, "2024-05-01T14:30", dt.datetime(2024, 5, 1, 14, 30)),  # noqa: DTZ001 - the site's wall clock
        (Kind.BOOL, "Y", True),
        (Kind.BOOL, "N", False),
        (Kind.CHOICE, "M", "M"),
        (Kind.CHOICES, "A,B", frozenset({"A", "B"})),
        (Kind.TEXT, " two  words", " two  words"),
    ],
)
def test_values_from_text_and_back(kind, text, value):
    assert parse_value(kind, text) == value
    assert str(parse_value(kind, text)) == str(value)
    assert typed(kind, text) == value
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (Kind.NUMBER, "7,4", "number_comma"),
        (Kind.NUMBER, "1e5", "number"),
        (Kind.NUMBER, "NaN", "number"),
        (Kind.NUMBER, "٣", "number"),
        (Kind.NUMBER, "9" * 29, "number_too_long"),
        (Kind.NUMBER, "", "number"),
        (Kind.DATE, "2024-02-30", "date"),
        (Kind.TIME, "24:00", "time"),
        (Kind.TIME, "9:30", "time"),
        (Kind.DATETIME, "2024-05-01", "datetime"),
        (Kind.DATETIME, "2024-05T10:00", "datetime"),
        (Kind.DATETIME, "2024-05-01T25:00", "datetime"),
        (Kind.BOOL, "yes", "yesno"),
        (Kind.TEXT, "a\0b", "text_characters"),
        (Kind.TEXT, "\ud800", "text_characters"),
        (Kind.CHOICES, "A,,B", "empty"),
        (Kind.CHOICE, " ", "empty"),
    ],
)
def test_bad_values_have_a_code(kind, text, code):
    with pytest.raises(BadValue) as caught:
        parse_value(kind, text)
    assert caught.value.code == code
    assert typed(kind, text) is UNKNOWN


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("raw", [None, "", {"missing": "ND"}, [], [[]], [{}], {}, 1.5, object(), b"x", True, ["", "A"]])
def test_what_is_missing_or_no_value_is_unknown(kind, raw):
    assert typed(kind, raw) is UNKNOWN


def test_stored_values_become_a_scope():
    scope = DictScope.stored(SCHEMA, {"PLT": "7.40", "SEX": {"missing": "ND"}, "NOTHING": "3"})
    assert (scope.value("PLT"), scope.value("SEX"), scope.value("NOTHING")) == (Decimal("7.40"), UNKNOWN, UNKNOWN)
