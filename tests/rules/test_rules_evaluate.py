"""What a rule gives: typed results, unknown where something is missing, exact decimals."""

import decimal
import itertools
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_study import EXTREME_NUMBERS, KINDS, KNOWN, LINES, SCHEMA, SINGLE, expressions, plain_numbers, values_of

from apps.rules import UNKNOWN, DictScope, Kind, PartialDate, compile_rule, round_half_up, typed

TRUTHS = [True, False, UNKNOWN]


def scope_of(values, lines=None):
    return DictScope(values, visits=dict.fromkeys(("baseline", "previous"), values), repeats=lines or {})


@st.composite
def scopes(draw):
    values = {oid: draw(values_of(KINDS[oid])) for oid in SINGLE}
    lines = {oid: draw(st.lists(values_of(KINDS[oid]), max_size=3)) for oid in LINES}
    return values, lines


def evaluate(text, /, **values):
    return compile_rule(text, SCHEMA).evaluate(scope_of(values))


def test_it_works():
    assert evaluate("PROPDUR >= 3 and SHRINK < 30", PROPDUR=Decimal(3), SHRINK=Decimal("29.9")) is True
    assert evaluate("PROPDUR >= 3 and SHRINK < 30", PROPDUR=Decimal(3), SHRINK=Decimal("30.0")) is False
    assert evaluate("PROPDUR >= 3 and SHRINK < 30", PROPDUR=Decimal(3)) is UNKNOWN


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 <= PLT <= 36", True),
        ("PLT in [7.4, 8]", True),
        ("PLT not in [7.4, 8]", False),
        ('SEX == "M" and KMP == yes', True),
        ('one_of(SEX, "F")', False),
        ('has(SIGNS, "SKIN", "PAIN")', True),
        ('"SKIN" in SIGNS', False),
        ("coalesce(PROPDUR, PLT, 3)", Decimal("7.40")),
        ("is_missing(PROPDUR) and not is_missing(PLT)", True),
        ("2 if KMP else 3", Decimal(2)),
        ("PLT if is_missing(PROPDUR) else 3", Decimal("7.4")),
        ("min(PLT, 3)", Decimal(3)),
        ("max(PLT, 3, 9)", Decimal(9)),
        ("-PLT ** 2", Decimal("-54.76")),
        ("0 ** 0", Decimal(1)),
        ("abs(-3.5)", Decimal("3.5")),
        ("number(GRADE) + 1", Decimal(4)),
        ("number(NOTE)", UNKNOWN),
        ("PLT / 0", UNKNOWN),
        ("PLT / 0 > 3 or yes", True),
        ("sqrt(-1)", UNKNOWN),
        ("pct_change(PLT, 0)", UNKNOWN),
        ("pct_change(PLT, -1)", UNKNOWN),
        ("pct_change(3, 4)", Decimal(-25)),
        ("round(2.5)", Decimal(3)),
        ("round(-2.5)", Decimal(-3)),
        ("round(1.005, 2)", Decimal("1.01")),
        ("1e99 ** 10 * 1e99", UNKNOWN),
        ("hours_between(ECDTC, PCDTC)", Decimal("11.5")),
        ('PCDTC > "2024-05-01T08:00"', True),
        ('date_of(PCDTC) == "2024-05-01"', True),
        ("datetime_of(RFICDAT, PCTIM) < PCDTC", False),
        ("baseline(PLT)", Decimal(5)),
        ('previous("HEM.PLT")', Decimal(6)),
        ("last(PLT)", UNKNOWN),
        ("sum(ECDOSE)", Decimal("0.3")),
        ("count(ECDOSE)", Decimal(3)),
        ("first(ECDOSE) + last('EC.ECDOSE')", Decimal("0.2")),
        ("min_of(ECDOSE) <= max_of(ECDOSE)", True),
        ("any(AESER)", True),
        ("all(AESER)", False),
        ("count(AESER, no)", UNKNOWN),
        ('count(ECDOSE, ">", 0.05)', Decimal(3)),
        ('all(ECDOSE, ">", 0.05)', True),
        ("yes\n  and\n  KMP", True),
    ],
)
def test_results(text, result):
    values = {
        "PLT": "7.40", "SEX": "M", "KMP": "Y", "GRADE": "3", "NOTE": "many", "SIGNS": "PAIN", "PCTIM": "20:00",
        "RFICDAT": "2024-05-02", "PCDTC": "2024-05-01T20:30", "ECDTC": "2024-05-01 09:00",
    }  # fmt: skip
    scope = DictScope(
        {oid: typed(KINDS[oid], text) for oid, text in values.items()},
        visits={"baseline": {"PLT": Decimal(5)}, "previous": {"HEM.PLT": Decimal(6)}},
        repeats={"EC.ECDOSE": [Decimal("0.1")] * 3, "ECDOSE": [Decimal("0.1")] * 3, "AESER": [False, True, UNKNOWN]},
    )
    assert compile_rule(text, SCHEMA).evaluate(scope) == result


def test_no_lines():
    scope = DictScope()
    answers = {"any(AESER)": False, "all(AESER)": True, "count(AESER)": 0, "sum(ECDOSE)": 0}
    answers |= {"count(AESER, yes)": 0} | dict.fromkeys(["last(ECDOSE)", "first(ECDOSE)", "max_of(ECDOSE)"], UNKNOWN)
    assert {text: compile_rule(text, SCHEMA).evaluate(scope) for text in answers} == answers


def test_a_line_that_is_known_decides_whatever_the_others_are():
    scope = DictScope(repeats={"AESER": [UNKNOWN, True]})
    assert compile_rule("any(AESER)", SCHEMA).evaluate(scope) is True
    assert compile_rule("all(AESER, no)", SCHEMA).evaluate(scope) is False
    assert compile_rule("all(AESER)", SCHEMA).evaluate(scope) is UNKNOWN


@pytest.mark.parametrize(("a", "b"), list(itertools.product(TRUTHS, TRUTHS)))
def test_logic_is_kleenes(a, b):
    def order(value):
        return 1 if value is UNKNOWN else 2 * value

    names = {0: False, 1: UNKNOWN, 2: True}
    assert evaluate("KMP and CONSENT", KMP=a, CONSENT=b) is names[min(order(a), order(b))]
    assert evaluate("KMP or CONSENT", KMP=a, CONSENT=b) is names[max(order(a), order(b))]
    assert evaluate("KMP and CONSENT and yes", KMP=a, CONSENT=b) is names[min(order(a), order(b))]
    assert evaluate("no or KMP or CONSENT", KMP=a, CONSENT=b) is names[max(order(a), order(b))]
    assert evaluate("not KMP", KMP=a) is names[2 - order(a)]
    assert evaluate("KMP == CONSENT", KMP=a, CONSENT=b) is (UNKNOWN if UNKNOWN in (a, b) else a is b)


def test_unknown_is_neither_true_nor_false():
    with pytest.raises(TypeError):
        bool(UNKNOWN)
    assert repr(UNKNOWN) == "unknown"
    assert type(UNKNOWN)() is UNKNOWN


@settings(max_examples=200, deadline=None)
@given(text=st.sampled_from([Kind.BOOL, Kind.NUMBER, Kind.DATE]).flatmap(expressions), scope=scopes())
def test_never_raises_on_data(text, scope):
    rule = compile_rule(text, SCHEMA)
    result = rule.evaluate(scope_of(*scope))
    expected = {Kind.BOOL: bool, Kind.NUMBER: Decimal, Kind.DATE: PartialDate}[rule.kind]
    assert result is UNKNOWN or type(result) is expected
    assert rule.kind is not Kind.NUMBER or result is UNKNOWN or result.is_finite()


@pytest.mark.parametrize("number", EXTREME_NUMBERS, ids=str)
@pytest.mark.parametrize(
    "text",
    [
        "PLT + SHRINK",
        "PLT * PLT",
        "SHRINK / PLT",
        "PLT ** 10",
        "sqrt(PLT)",
        "round(PLT, 3)",
        "PLT < 3",
        "1 < PLT < 3",
        "add_months(RFICDAT, PLT)",
        "add_weeks(RFICDAT, PLT)",
        "sum(ECDOSE)",
        "any(ECDOSE, PLT)",
        "PLT in [1, 2]",
        'bsa(PLT, PLT, "boyd")',
        "max(PLT, 1)",
        "-PLT",
        "PLT",
        "baseline(PLT)",
        "abs(PLT)",
        "volume(PLT, 1, 1)",
    ],
)
def test_extremes_never_raise_whatever_the_threads_context_is(text, number):
    values = {"PLT": number, "SHRINK": Decimal(1), "RFICDAT": PartialDate(9999, 12, 31)}
    with decimal.localcontext(decimal.Context(prec=1, traps=list(decimal.Context().traps))):
        result = compile_rule(text, SCHEMA).evaluate(scope_of(values, {"ECDOSE": [number, Decimal(1)]}))
    assert isinstance(result, Decimal | PartialDate | bool) or result is UNKNOWN


@settings(max_examples=200, deadline=None)
@given(text=expressions(monotone=True), scope=scopes(), data=st.data())
def test_a_known_answer_stays_when_more_becomes_known(text, scope, data):
    rule = compile_rule(text, SCHEMA)
    before = rule.evaluate(scope_of(*scope))

    def filled(oid, value):
        return data.draw(KNOWN[KINDS[oid]]) if value is UNKNOWN else value

    if before is UNKNOWN:
        return
    values = {oid: filled(oid, value) for oid, value in scope[0].items()}
    lines = {oid: [filled(oid, value) for value in line] for oid, line in scope[1].items()}
    assert rule.evaluate(scope_of(values, lines)) is before


@given(a=plain_numbers, b=plain_numbers, c=plain_numbers)
def test_arithmetic_is_exact(a, b, c):
    result = evaluate("PLT * SHRINK + PROPDUR - 0.1", PLT=a, SHRINK=b, PROPDUR=c)
    assert Fraction(result) == Fraction(a) * Fraction(b) + Fraction(c) - Fraction(1, 10)


@given(a=plain_numbers, n=st.integers(0, 3))
def test_rounding_is_half_up_away_from_zero(a, n):
    step = Fraction(1, 10**n)
    steps = abs(Fraction(a)) / step
    whole = steps.__floor__() + (steps - steps.__floor__() >= Fraction(1, 2))
    expected = whole * step * (-1 if a < 0 else 1)
    assert Fraction(evaluate(f"round(PLT, {n})", PLT=a)) == expected == Fraction(round_half_up(a, n))


@given(a=plain_numbers, b=plain_numbers)
def test_division_is_right_to_34_digits(a, b):
    result = evaluate("PLT / SHRINK", PLT=a, SHRINK=b)
    if b == 0:
        assert result is UNKNOWN
    else:
        exact = Fraction(a) / Fraction(b)
        assert abs(Fraction(result) - exact) <= abs(exact) / 10**33


def test_tenths_add_up():
    assert evaluate("0.1 + 0.2 == 0.3") is True
    assert str(evaluate("PLT", PLT=Decimal("7.40"))) == "7.40"


HEIGHT, WEIGHT = 110.0, 20.0


@pytest.mark.parametrize(
    ("formula", "by_float"),
    [
        ("mosteller", math.sqrt(HEIGHT * WEIGHT / 3600)),
        ("haycock", 0.024265 * HEIGHT**0.3964 * WEIGHT**0.5378),
        ("dubois", 0.007184 * HEIGHT**0.725 * WEIGHT**0.425),
        ("boyd", 0.0003207 * HEIGHT**0.3 * (1000 * WEIGHT) ** (0.7285 - 0.0188 * math.log10(1000 * WEIGHT))),
        ("gehan_george", 0.0235 * HEIGHT**0.42246 * WEIGHT**0.51456),
    ],
)
def test_body_surface(formula, by_float):
    result = evaluate(f'bsa(110, 20, formula="{formula}")')
    assert float(result) == pytest.approx(by_float, rel=1e-12)
    assert evaluate(f'bsa(PLT, 20, "{formula}")', PLT=Decimal(0)) is UNKNOWN


def test_volume_is_an_ellipsoids():
    assert str(evaluate("round(volume(3, 2, 1), 10)")) == "3.1415926536"
    assert evaluate("volume(3, -2, 1)") is UNKNOWN
