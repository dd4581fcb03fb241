"""The rule language: one expression that skip logic, computed items, checks, criteria and flags are written in.

    compile_rule("PROPDUR >= 3 and SHRINK < 30", schema, expect=Kind.BOOL).evaluate(scope)  # True, False or UNKNOWN

**Written like Python expressions.** Numbers (`0.1` is one tenth exactly), texts between quotes, `yes` and `no`, items by
their OID, `+ - * /`, `**` with a written whole number of 0 to 10, `< <= > >= == !=` also in chains (`1 <= X <= 36`),
`in [..]` and `not in [..]` over literals, `and`, `or`, `not`, `A if TEST else B`. Beside a date, time or date and
time a quoted literal is one: `VISDAT >= "2024-05"`. A rule may run over several lines. Comments, backslashes, dots,
indexing, `None`, `True`, lambda, loops, f-texts and calls outside the list below are refused by `RuleError`.

**Unknown.** A missing value is `UNKNOWN`. A comparison or a computation with an unknown is unknown; so are division by
zero, overflow and the root of a negative number. `and`, `or`, `not` follow Kleene: `no and unknown` is no,
`yes or unknown` is yes; a chain is the `and` of its comparisons. `A if unknown else B` is unknown. Only `is_missing`
and `coalesce` look at missingness itself. The caller decides what unknown means: a check does not fire, a criterion
is not assessable, a `show_if` hides.

**Kinds** are checked when a rule is compiled: no text in arithmetic, no code that is not in the list, no item of a
repeating form or group without a selector (inside such a line, compile with `schema.within(form, group)`).

**Numbers** are Decimals of 34 digits with exponents up to ±999, rounded half-even between steps; `round` is half-up.
**Dates** may be partial (`2024`, `2024-05`): a comparison or count is known when every possible day agrees.

| function | gives |
|---|---|
| `age_years(birth, at)`, `age_months`, `age_days` | completed years, months, days; unknown before birth |
| `days_between(start, end)`, `months_between` | days, completed calendar months; negative if end is earlier |
| `hours_between(start, end)` | hours between two date-times, by the wall clock |
| `add_days(date, n)`, `add_weeks`, `add_months` | a date; weeks are 7 days, months clamp to the end of the month |
| `date_of(datetime)`, `datetime_of(date, time)` | the parts and the whole |
| `round(x, n=0)`, `abs(x)`, `sqrt(x)`, `min(a, b, ..)`, `max(a, b, ..)` | min and max also of dates |
| `pct_change(new, old)` | percent; unknown unless old is above 0 |
| `bsa(height_cm, weight_kg, formula="mosteller")` | m²; or haycock, dubois, boyd, gehan_george |
| `volume(l, w, h)` | π/6 · l · w · h of three diameters, in the cube of their unit |
| `number(text_or_code)` | the number that a text or code stands for, else unknown |
| `coalesce(a, b, ..)`, `is_missing(x)` | the first that is known; is it unknown |
| `one_of(x, "A", "B")`, `has(choices_item, "A", ..)` | is x one of them; is any of these ticked (also `"A" in ITEM`) |

An item elsewhere is named bare or as `"FORM.ITEM"`:

| selector | gives |
|---|---|
| `baseline(X)`, `previous(X)`, `first(X)`, `last(X)` | the value at another visit, of an item that does not repeat |
| `first(X)`, `last(X)` | the value on the first or last line, of one that repeats |
| `sum(X)`, `min_of(X)`, `max_of(X)` | over all lines; unknown if one line is |
| `count(X)` | the number of lines, filled or not |
| `any(X, v)`, `all(X, v)`, `count(X, v)` | is a line, is every line, how many lines are equal to v |
| `any(X, ">", v)`, `all(X, op, v)`, `count(X, op, v)` | the same by another comparison |
| `any(X)`, `all(X)` | of a yes/no item: is it yes |

**Bounds**: 2,000 characters, 50 levels, 600 parts, literals of 28 digits. `evaluate` returns for any values of the right
kinds; it runs no code but the functions above and reads nothing but its scope.
"""

from apps.rules.arithmetic import round_half_up
from apps.rules.check import FUNCTION_NAMES
from apps.rules.dates import PartialDate
from apps.rules.errors import MESSAGES, BadValue, RuleError
from apps.rules.kinds import ItemSpec, Kind, Result, Schema, Value
from apps.rules.nodes import Elsewhere
from apps.rules.rule import Explanation, Rule, compile_rule
from apps.rules.scope import DictScope, Scope
from apps.rules.unknown import UNKNOWN, Unknown
from apps.rules.values import as_text, parse_value, typed
from apps.rules.words import in_words

# stored with every definition; a change of meaning is a new version
LANGUAGE_VERSION = "1"

__all__ = [
    "FUNCTION_NAMES",
    "LANGUAGE_VERSION",
    "MESSAGES",
    "UNKNOWN",
    "BadValue",
    "DictScope",
    "Elsewhere",
    "Explanation",
    "ItemSpec",
    "Kind",
    "PartialDate",
    "Result",
    "Rule",
    "RuleError",
    "Schema",
    "Scope",
    "Unknown",
    "Value",
    "as_text",
    "compile_rule",
    "in_words",
    "parse_value",
    "round_half_up",
    "typed",
]
