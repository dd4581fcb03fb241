"""A small study for the tests of the rule language, and strategies for its values."""

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from apps.rules import UNKNOWN, ItemSpec, Kind, PartialDate, Schema

SCHEMA = Schema(
    [
        ItemSpec("PLT", Kind.NUMBER, "HEM"),
        ItemSpec("PLT", Kind.NUMBER, "HEMX"),
        ItemSpec("SHRINK", Kind.NUMBER, "TUM"),
        ItemSpec("PROPDUR", Kind.NUMBER, "DX"),
        ItemSpec("SIROTR", Kind.NUMBER, "PC"),
        ItemSpec("BRTHDAT", Kind.DATE, "DM"),
        ItemSpec("RFICDAT", Kind.DATE, "IC"),
        ItemSpec("PCTIM", Kind.TIME, "PC"),
        ItemSpec("PCDTC", Kind.DATETIME, "PC"),
        ItemSpec("ECDTC", Kind.DATETIME, "PC"),
        ItemSpec("SEX", Kind.CHOICE, "DM", codes=frozenset({"M", "F"})),
        ItemSpec("GRADE", Kind.CHOICE, "DX", codes=frozenset({"1", "2", "3"})),
        ItemSpec("KMP", Kind.BOOL, "DX"),
        ItemSpec("CONSENT", Kind.BOOL, "IC"),
        ItemSpec("NOTE", Kind.TEXT, "DX"),
        ItemSpec("SCAN", Kind.FILE, "TUM"),
        ItemSpec("SIGNS", Kind.CHOICES, "DX", codes=frozenset({"PAIN", "SKIN"})),
        ItemSpec("ECDOSE", Kind.NUMBER, "EC", repeating=True),
        ItemSpec("ECSTDAT", Kind.DATE, "EC", repeating=True),
        ItemSpec("AESER", Kind.BOOL, "AE", repeating=True),
        ItemSpec("AEREL", Kind.CHOICE, "AE", repeating=True, codes=frozenset({"REL", "NOT"})),
        ItemSpec("AELINE", Kind.NUMBER, "AE", repeating=True, group="LINES"),
    ]
)
KINDS = {oid: SCHEMA.get(oid).kind for oid in SCHEMA.oids}
LINES = [oid for oid in SCHEMA.oids if SCHEMA.get(oid).repeating]
SINGLE = [oid for oid in SCHEMA.oids if oid not in LINES]

EXTREME_NUMBERS = [
    Decimal(text)
    for text in ("0", "-0", "1E+999", "-1E+999", "1E-999", "9" * 60, "1E+999999999999999999", "1E-999999999999999999")
] + [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")]

plain_numbers = st.decimals(min_value=-10_000, max_value=10_000, places=3, allow_nan=False, allow_infinity=False)
any_number = plain_numbers | st.decimals() | st.sampled_from(EXTREME_NUMBERS)


@st.composite
def partial_dates(draw, least=dt.date.min, most=dt.date.max):
    date = draw(st.dates(least, most) | st.sampled_from([least, most]))
    shape = draw(st.sampled_from(["day", "day", "month", "year"]))
    return PartialDate(date.year, None if shape == "year" else date.month, date.day if shape == "day" else None)


KNOWN = {
    Kind.NUMBER: any_number,
    Kind.DATE: partial_dates(),
    Kind.TIME: st.times(timezones=st.none() | st.just(dt.UTC)),
    Kind.DATETIME: st.datetimes(timezones=st.none() | st.just(dt.UTC)),
    Kind.BOOL: st.booleans(),
    Kind.CHOICE: st.sampled_from(["M", "F", "1", "2", "3", "REL", "gone"]),
    Kind.CHOICES: st.frozensets(st.sampled_from(["PAIN", "SKIN"])),
    Kind.TEXT: st.text(max_size=5),
    Kind.FILE: st.text(max_size=5),
}


def values_of(kind):
    return st.just(UNKNOWN) | KNOWN[kind]


@st.composite
def expressions(draw, kind=Kind.BOOL, depth=3, monotone=False):
    """The text of a random rule of a kind; `monotone` leaves out what looks at missingness itself."""

    def part(of, less=1):
        return draw(expressions(of, depth - less, monotone))

    leaves = {
        Kind.BOOL: [
            "KMP",
            "CONSENT",
            "yes",
            "no",
            'SEX == "M"',
            'SEX in ["M", "F"]',
            'has(SIGNS, "PAIN")',
            "any(AESER)",
            'all(AEREL, "!=", "REL")',
            'any(ECDOSE, ">", 3)',
            "PCDTC < ECDTC",
            'NOTE != "x"',
            'PCTIM > "09:30"',
        ],
        Kind.NUMBER: [
            "PLT",
            "SHRINK",
            "PROPDUR",
            "0",
            "0.1",
            "30",
            "1e9",
            "sum(ECDOSE)",
            "count(ECDOSE)",
            "last(ECDOSE)",
            "baseline(PLT)",
            'previous("HEM.PLT")',
            "max_of(ECDOSE)",
            "number(GRADE)",
            "hours_between(PCDTC, ECDTC)",
        ],
        Kind.DATE: ["BRTHDAT", "RFICDAT", "last(ECSTDAT)", "min_of(ECSTDAT)", "date_of(PCDTC)"],
    }[kind]
    if depth <= 0:
        return f"({draw(st.sampled_from(leaves))})"
    shapes = {
        Kind.BOOL: [
            lambda: f"({part(Kind.BOOL)} and {part(Kind.BOOL)})",
            lambda: f"({part(Kind.BOOL)} or {part(Kind.BOOL)} or {part(Kind.BOOL)})",
            lambda: f"(not {part(Kind.BOOL)})",
            lambda: f"({part(Kind.NUMBER)} {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {part(Kind.NUMBER)})",
            lambda: f"({part(Kind.NUMBER)} <= {part(Kind.NUMBER)} < {part(Kind.NUMBER)})",
            lambda: f"({part(Kind.DATE)} {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {part(Kind.DATE)})",
            lambda: f"({part(Kind.BOOL)} == {part(Kind.BOOL)})",
        ],
        Kind.NUMBER: [
            lambda: f"({part(Kind.NUMBER)} {draw(st.sampled_from('+-*/'))} {part(Kind.NUMBER)})",
            lambda: f"({part(Kind.NUMBER)} ** {draw(st.integers(0, 10))})",
            lambda: f"(-{part(Kind.NUMBER)})",
            lambda: f"({part(Kind.NUMBER)} if {part(Kind.BOOL)} else {part(Kind.NUMBER)})",
            lambda: f"round({part(Kind.NUMBER)}, {draw(st.integers(0, 12))})",
            lambda: f"{draw(st.sampled_from(['abs', 'sqrt']))}({part(Kind.NUMBER)})",
            lambda: f"{draw(st.sampled_from(['min', 'max', 'pct_change']))}({part(Kind.NUMBER)}, {part(Kind.NUMBER)})",
            lambda: (
                f"bsa({part(Kind.NUMBER)}, {part(Kind.NUMBER)}, formula="
                f'"{draw(st.sampled_from(["mosteller", "haycock", "dubois", "boyd", "gehan_george"]))}")'
            ),
            lambda: f"volume({part(Kind.NUMBER)}, {part(Kind.NUMBER)}, 2)",
            lambda: (
                f"{draw(st.sampled_from(['age_years', 'age_months', 'age_days', 'days_between', 'months_between']))}"
                f"({part(Kind.DATE)}, {part(Kind.DATE)})"
            ),
        ],
        Kind.DATE: [
            lambda: (
                f"{draw(st.sampled_from(['add_days', 'add_weeks', 'add_months']))}"
                f"({part(Kind.DATE)}, {part(Kind.NUMBER, 2)})"
            ),
            lambda: f"{draw(st.sampled_from(['min', 'max']))}({part(Kind.DATE)}, {part(Kind.DATE)})",
        ],
    }[kind]
    if not monotone:
        shapes.append(lambda: f"coalesce({part(kind)}, {part(kind)})")
        if kind is Kind.BOOL:
            shapes.append(lambda: f"is_missing({part(Kind.NUMBER)})")
    return draw(st.sampled_from(shapes))()
