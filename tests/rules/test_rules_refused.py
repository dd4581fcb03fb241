"""What is no rule: hostile text, bounds, and every mistake a builder can make, with its place and what would be right."""

import ast
import string
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_study import SCHEMA

from apps.rules import DictScope, Kind, RuleError, compile_rule

HOSTILE = [
    "__import__('os').system('x')",
    "().__class__.__bases__[0].__subclasses__()",
    "PLT.real",
    "PLT.__class__",
    "PLT[0]",
    "PLT[1:2]",
    "[x for x in (1, 2)] == 1",
    "{x for x in (1, 2)}",
    "{1: 2 for x in y}",
    "any(x for x in y)",
    "(lambda: 1)()",
    "lambda: PLT",
    "(PLT := 3) > 2",
    "f'{PLT}' == 'x'",
    "f'{PLT!r:>{SHRINK}}'",
    "min(*[1, 2])",
    "min(**{})",
    "age_years(BRTHDAT, **{})",
    "*PLT",
    "await PLT",
    "(yield PLT)",
    "__builtins__",
    "__name__ == 'x'",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "getattr(PLT, 'real')",
    "abs(PLT)(3)",
    "(min if yes else max)(1, 2)",
    "min(1, 2).real",
    "9 ** 9 ** 9",
    "2 ** 11",
    "2 ** -1",
    "2 ** 0.5",
    "2 ** PLT",
    "PLT % 2",
    "PLT // 2",
    "PLT << 100000",
    "PLT @ 2",
    "~PLT",
    "+PLT",
    "PLT is 3",
    "PLT is not 3",
    "PLT & 1 == 1",
    "b'x' == 'x'",
    "r'x' == 'x'",
    "u'x' == 'x'",
    "'''x''' == 'x'",
    '"a" "b" == "ab"',
    "3j",
    "0x10",
    "0b1",
    "1_000",
    "1if yes else 2",
    "...",
    "None",
    "True",
    "{}",
    "[]",
    "()",
    "(1, 2)",
    "[1] == [1]",
    "PLT; SHRINK",
    "PLT = 3",
    "import os",
    "PLT > 3 # yes",
    "KMP\n# no\nand no",
    "PLT > 3 \\\n and KMP",
    "'\\x41' == 'A'",
    "NOTE == 'a\0b'",
    "PLT\0",
    "NOTE == '\ud800'",
    "\udcff",
    "NOTE == 'a\u202eb'",
    "KMP\u200b",
    "KMP\u00a0and yes",
    "ＰＬＴ > 3",
    "PLТ > 3",  # a Cyrillic letter
    "ſqrt(PLT)",
    "PLT ＞ 3",
    "PLT ≥ 3",
    "NOTE == “x”",
    "𝐊𝐌𝐏",
    "ªbs(PLT)",
    "",
    "   \n",
    "(",
    ")",
    "PLT >",
    "1 if",
    "'open",
    "9" * 29,
    "0." + "0" * 28 + "1",
    "1e100",
    "1e999999999",
    "9" * 2000,
    "9" * 5000,
    "(" * 10_000 + "1" + ")" * 10_000,
    "(" * 900 + "1" + ")" * 900,
    "[" * 900,
    "not " * 490 + "KMP",
    "-" * 1999 + "1",
    "PLT**" * 390 + "1",
    "1+" * 990 + "1",
    "yes if yes else " * 120 + "no",
    "abs(" * 190 + "1" + ")" * 190,
    "KMP and " * 249 + "KMP",
    "PLT in [" + "1," * 900 + "1]",
    "yes\x0cand no",
    "~" * 1000 + "1",
    "a." * 900 + "b",
    "a" * 1990,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused(text):
    many_and = text.startswith("KMP and ")
    if many_and:  # flat and within the bounds: the one text here that is a rule
        assert compile_rule(text, SCHEMA).kind is Kind.BOOL
        return
    with pytest.raises(RuleError) as caught:
        compile_rule(text, SCHEMA)
    error = caught.value
    assert error.code
    assert error.message
    assert error.column >= 1
    assert "{" not in error.message or "{" in text
    assert str(error).endswith(f"(column {error.column})")


@pytest.mark.parametrize("given_type", [None, 3, b"PLT > 3", ["PLT"]])
def test_what_is_no_text_is_refused(given_type):
    with pytest.raises(RuleError):
        compile_rule(given_type, SCHEMA)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet=string.printable, max_size=40))
def test_any_text_compiles_or_is_refused(text):
    _compile_or_refuse(text)


TOKENS = ["PLT", "KMP", "SEX", "SIGNS", "BRTHDAT", "AESER", "yes", "no", "1", "0.5", "'M'", '"x"', "None", "__class__"]
TOKENS += ["and", "or", "not", "in", "if", "else", "(", ")", "[", "]", ",", "<", "==", "+", "-", "*", "**", "/", "."]
TOKENS += ["min", "any", "count", "coalesce", "has", "one_of", "is_missing", "baseline", "age_years", "round", "at=", "="]
TOKENS += ["lambda", ":", ":=", "for", "await", "f'{PLT}'", "b'x'", "{", "}", "*", "@", "~", "is", "1j", "..."]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=14).map(" ".join))
def test_any_words_compile_or_are_refused(text):
    _compile_or_refuse(text)


def _compile_or_refuse(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            rule = compile_rule(text, SCHEMA)
        except RuleError as error:
            assert 1 <= error.column <= len(text) + 2
            assert error.code
        else:
            rule.evaluate(DictScope())


def test_names_that_normalise_to_another_are_refused():
    """Python would take the first for the second; so the door looks at the text, not at the tree."""
    assert ast.parse("ſqrt", mode="eval").body.id == "sqrt"
    with pytest.raises(RuleError, match="write s"):
        compile_rule("ſqrt(4)", SCHEMA)


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("PTL > 3", "unknown_item_suggestion", 1, "did you mean PLT?"),
        ("KMP and plt > 3", "unknown_item_suggestion", 9, "did you mean PLT?"),
        ("XYZZY > 3", "unknown_item", 1, "There is no item XYZZY"),
        ("age_year(BRTHDAT, RFICDAT)", "unknown_function_suggestion", 1, "did you mean age_years?"),
        ("PLT(3)", "item_called", 1, "PLT is an item"),
        ("min > 3", "function_without_call", 1, "write min(...)"),
        ("PLT + KMP", "needs_number", 7, "a yes or no"),
        ("PLT + '3'", "quoted_number", 7, "write 3 without quotes"),
        ("RFICDAT - BRTHDAT", "date_arithmetic", 1, "days_between"),
        ("PLT and KMP", "needs_yes_no", 1, "and needs a yes or no, but this is a number"),
        ("not SEX", "needs_yes_no", 5, "a choice"),
        ("1 if PLT else 2", "needs_yes_no", 6, "if needs"),
        ("1 if KMP else SEX", "branches_differ", 1, "a number and a choice"),
        ("SEX == 'X'", "unknown_code", 8, "its codes are F, M"),
        ("SEX in ['M', 'X']", "unknown_code", 14, "is not a code of SEX"),
        ("has(SIGNS, 'X')", "unknown_code", 12, "PAIN, SKIN"),
        ("baseline(SEX) == 'X'", "unknown_code", 18, "of SEX"),
        ("coalesce(SEX, 'M') == 'X'", "unknown_code", 23, "is not a code"),
        ("any(AEREL, 'X')", "unknown_code", 12, "NOT, REL"),
        ("SEX < 'M'", "no_order", 1, "A choice has no order"),
        ("KMP == 'Y'", "compare_yes_no", 1, "yes or no, without quotes"),
        ("SIGNS == 'PAIN'", "compare_choices", 1, "has("),
        ("SCAN == 'x'", "compare_file", 1, "is_missing"),
        ("PLT == '3'", "quoted_number", 1, "without quotes"),
        ("PLT == BRTHDAT", "kinds_differ", 1, "a number cannot be compared with a date"),
        ("BRTHDAT < PCDTC", "date_and_time", 1, "date_of"),
        ("BRTHDAT < '2024-13'", "bad_date", 11, "write 2024-05-31"),
        ("PCTIM < '9'", "bad_time", 9, "14:30"),
        ("PCDTC < '2024-05-01'", "bad_datetime", 9, "2024-05-31T14:30"),
        ("ECDOSE > 3", "repeating", 1, 'last("EC.ECDOSE")'),
        ("EC.ECDOSE > 3", "dotted", 1, 'last("EC.ECDOSE")'),
        ("sum(PLT)", "not_repeating", 1, "does not repeat"),
        ("baseline(ECDOSE)", "repeats_no_visit", 1, "first, last"),
        ("baseline(PLT + 1)", "selector_argument", 10, "baseline(PLT)"),
        ("baseline()", "selector_argument", 1, "baseline(PLT)"),
        ("baseline('DM.PLT')", "unknown_form", 10, "it is on HEM, HEMX"),
        ("baseline(PTL)", "unknown_item_suggestion", 10, "PLT"),
        ("sum(AESER)", "argument_kind", 1, "must be a number"),
        ("any(ECDOSE)", "line_value", 1, "needs a value"),
        ("any(ECDOSE, '~', 3)", "line_operator", 13, '">="'),
        ("any(AEREL, '<', 'REL')", "no_order", 17, "no order"),
        ("age_years(BRTHDAT)", "too_few", 1, "age_years needs at"),
        ("age_years(BRTHDAT, RFICDAT, 3)", "too_many", 1, "at most 2"),
        ("age_years(BRTHDAT, on=RFICDAT)", "unknown_keyword", 20, "it takes birth, at"),
        ("age_years(BRTHDAT, RFICDAT, birth=BRTHDAT)", "given_twice", 29, "birth twice"),
        ("min(1, b=2)", "no_keywords", 1, "without names"),
        ("min(1)", "at_least", 1, "at least 2"),
        ("min(SEX, SEX)", "argument_kind", 1, "numbers or dates"),
        ("min(1, BRTHDAT)", "values_differ", 1, "a number and a date"),
        ("is_missing(PLT, SEX)", "too_many", 1, "at most 1"),
        ("is_missing()", "at_least", 1, "at least 1"),
        ("age_years(PLT, RFICDAT)", "argument_kind", 11, "birth in age_years must be a date"),
        ("bsa(PLT, PLT, 'other')", "argument_choice", 15, "mosteller"),
        ("round(PLT, 13)", "argument_whole", 12, "0 to 12"),
        ("round(PLT, SHRINK)", "argument_whole", 12, "written as a number"),
        ("PLT in []", "list_empty", 1, "empty"),
        ("PLT in [SHRINK]", "list_values", 9, "plain values"),
        ("PLT in SEX", "in_right_side", 1, "After in comes a list"),
        ("PLT > None", "none", 7, "is_missing"),
        ("KMP == True", "true_false", 8, "Write yes"),
        ("PLT ＞ 3", "lookalike", 5, "write >"),
        ("NOTE == 肿瘤", "foreign_character", 9, "between quotes"),
        ("PLT > 3mg", "number_literal", 7, "3mg is not a plain decimal number"),
        ("  PLT > ", "unfinished", 8, "ends before"),
        ("  PLT > > 3", "syntax", 9, "cannot be read"),
        ("NOTE == '肿瘤' and PTL > 3", "unknown_item_suggestion", 18, "PLT"),
        ("KMP and\n  PTL > 3", "unknown_item_suggestion", 11, "PLT"),
    ],
)
def test_mistakes_are_told_with_their_place(text, code, column, words):
    with pytest.raises(RuleError) as caught:
        compile_rule(text, SCHEMA)
    assert (caught.value.code, caught.value.column) == (code, column)
    assert words in str(caught.value)


def test_expected_kind():
    assert compile_rule("PLT > 3", SCHEMA, expect=Kind.BOOL).kind is Kind.BOOL
    assert compile_rule("'M' if KMP else 'F'", SCHEMA, expect=Kind.CHOICE).kind is Kind.TEXT
    with pytest.raises(RuleError, match="gives a number, but a yes or no is needed") as caught:
        compile_rule("PLT", SCHEMA, expect=Kind.BOOL)
    assert caught.value.code == "expected"


def test_a_line_sees_its_own_items():
    line = SCHEMA.within("AE")
    assert compile_rule("AESER and AEREL == 'REL'", line).items == {"AESER", "AEREL"}
    with pytest.raises(RuleError, match="AELINE repeats"):
        compile_rule("AELINE > 3", line)
    assert compile_rule("AELINE > 3 and AESER", SCHEMA.within("AE", "LINES")).items == {"AELINE", "AESER"}
    with pytest.raises(RuleError, match="ECDOSE repeats"):
        compile_rule("ECDOSE > 3", line)
    assert compile_rule("count(AESER, yes) > 1 and AESER", line).items == {"AESER"}


@pytest.mark.parametrize("text", ["1 if yes else 2", "NOTE == '肿瘤'", "PLT > 3 and (KMP or no)", "\tKMP\r\n", "  KMP  "])
def test_odd_but_right(text):
    assert compile_rule(text, SCHEMA)
