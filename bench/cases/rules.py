"""A rule against the same Decimal expression written in Python, both reading the same scope."""

from decimal import Decimal

from apps.rules import UNKNOWN, DictScope, ItemSpec, Kind, Schema, compile_rule
from bench.measure import Row, paired

LOOPS = 20_000


def run(stack, *, quick: bool) -> list[Row]:
    schema = Schema(ItemSpec(oid, Kind.NUMBER, "F") for oid in ("A", "B", "C"))
    scope = DictScope({"A": Decimal("7.40"), "B": Decimal("12"), "C": Decimal("3.5")})
    loops = LOOPS // 10 if quick else LOOPS
    rows = []
    for text, by_hand in EXPRESSIONS.items():
        rule = compile_rule(text, schema)
        assert rule.evaluate(scope) == by_hand(scope.value)
        ratio, work, _ = paired(lambda r=rule: _rule(r, scope, loops), lambda f=by_hand: _hand(f, scope.value, loops))
        rows.append(Row(f"rule {text}", "the same in Python's Decimal", ratio, 5, f"{work / loops * 1e6:.2f} µs"))
    return rows


def _rule(rule, scope, loops):
    for _ in range(loops):
        rule.evaluate(scope)


def _hand(by_hand, value, loops):
    for _ in range(loops):
        by_hand(value)


SIX, LOW, HIGH = Decimal(6), Decimal(3), Decimal(100)


def _volume(value):
    a, b, c = value("A"), value("B"), value("C")
    if a is UNKNOWN or b is UNKNOWN or c is UNKNOWN:
        return UNKNOWN
    return a * b * c / SIX


def _range(value):
    a = value("A")
    return UNKNOWN if a is UNKNOWN else LOW <= a <= HIGH


EXPRESSIONS = {"A * B * C / 6": _volume, "3 <= A <= 100": _range}
