"""What can be wrong with a rule, in words, each with a code that callers may translate."""

from __future__ import annotations

from typing import Final

# code -> English sentence; the braces are the params of the error
MESSAGES: Final[dict[str, str]] = {
    # the door
    "empty": "The rule is empty",
    "too_long": "The rule has {length} characters; at most {limit} are allowed",
    "too_deep": "The rule is nested too deeply; at most {limit} levels are allowed",
    "too_many_parts": "The rule has {count} parts; at most {limit} are allowed",
    "control_character": "The invisible character {character} cannot stand in a rule",
    "backslash": "A backslash cannot stand in a rule; write the character itself",
    "comment": "A comment (#) cannot stand in a rule",
    "lookalike": "The character {character} looks like {ascii} but is another; write {ascii}",
    "foreign_character": "The character {character} can stand only between quotes",
    "syntax": "The rule cannot be read here: {detail}",
    "unfinished": "The rule ends before it is complete",
    "not_text": "A rule is text, not {given}",
    # what the language does not have
    "construct": "A rule cannot use {construct}",
    "dotted": 'An item of a form is written between quotes inside a selector: last("{name}")',
    "none": "None is not a value; ask is_missing(ITEM) instead",
    "true_false": "Write yes instead of True and no instead of False",
    "operator": "The operator {operator} is not part of the language",
    "single_text": "A text is one pair of quotes; perhaps a comma is missing here",
    "number_literal": "{literal} is not a plain decimal number",
    "number_too_long": "The number has {digits} digits; at most {limit} are allowed",
    "power": "A power takes a whole number from {low} to {high}, written as a number",
    "list_place": "A list can stand only after in or not in",
    "list_values": "A list holds plain values: numbers, texts between quotes, yes or no",
    "list_empty": "The list is empty",
    # names
    "unknown_item": "There is no item {name}",
    "unknown_item_suggestion": "There is no item {name}; did you mean {suggestion}?",
    "unknown_form": "The item {name} is not on a form {form}; it is on {forms}",
    "unknown_function": "There is no function {name}",
    "unknown_function_suggestion": "There is no function {name}; did you mean {suggestion}?",
    "function_without_call": "{name} is a function; write {name}(...)",
    "item_called": "{name} is an item, not a function; remove the brackets after it",
    "call_of_expression": "Only a function of the language can be called, by its name",
    "repeating": 'The item {name} repeats; say which line is meant, as in last("{place}") or any("{place}", ...)',
    "not_repeating": "The item {name} does not repeat, so {function} has nothing to run over; "
    "use baseline, previous, first or last",
    "repeats_no_visit": "The item {name} repeats, so {function} cannot choose one value; "
    "use first, last, min_of, max_of, sum, count, any or all",
    "selector_argument": '{function} takes the name of an item: {function}(PLT) or {function}("HEM.PLT")',
    # kinds
    "needs_number": "{place} needs a number, but this is {kind}",
    "quoted_number": "{place} needs a number; write {literal} without quotes",
    "date_arithmetic": "Dates are not added or subtracted with {operator}; use days_between, add_days or add_months",
    "needs_yes_no": "{place} needs a yes or no, but this is {kind}",
    "kinds_differ": "{left} cannot be compared with {right}",
    "compare_yes_no": "A yes/no item is compared with yes or no, without quotes",
    "date_and_time": "A date cannot be compared with a date and time; use date_of(...) on the second",
    "compare_choices": 'An item with several choices is asked with has(ITEM, "CODE")',
    "compare_file": "A file can only be asked is_missing(...)",
    "no_order": "{kind} has no order; only == and != make sense",
    "unknown_code": "{value} is not a code of {name}; its codes are {codes}",
    "branches_differ": "The two results of if ... else differ: {left} and {right}",
    "values_differ": "The values given to {function} differ in kind: {left} and {right}",
    "in_right_side": "After in comes a list, as in [1, 2], or an item with several choices",
    "bad_date": '"{literal}" is not a date; write 2024-05-31, 2024-05 or 2024',
    "bad_time": '"{literal}" is not a time; write 14:30',
    "bad_datetime": '"{literal}" is not a date and time; write 2024-05-31T14:30',
    "expected": "The rule gives {given}, but {expected} is needed here",
    # calls
    "too_few": "{function} needs {missing}",
    "too_many": "{function} takes at most {limit} values, but {given} are given",
    "at_least": "{function} takes at least {limit} values",
    "unknown_keyword": "{function} has no value called {name}; it takes {names}",
    "given_twice": "{function} is given {name} twice",
    "no_keywords": "{function} takes its values without names",
    "argument_kind": "{name} in {function} must be {expected}, but this is {given}",
    "argument_choice": "{name} in {function} must be one of {choices}, between quotes",
    "argument_whole": "{name} in {function} must be a whole number from {low} to {high}, written as a number",
    "has_code": 'has takes an item with several choices and a code: has(SIGNS, "PAIN")',
    "line_operator": 'The comparison in {function} must be one of "==", "!=", "<", "<=", ">", ">="',
    "line_value": '{function} needs a value to compare with: {function}("AE.AESER", yes)',
}


class RuleError(ValueError):
    """A rule that is refused, with the place and what would be right.

    `message` is a plain English sentence without the place, `text` the rule, `column` the place (1 is the first
    character); `code` and `params` let a caller say it in another language. `str()` adds the place.
    """

    def __init__(
        self, message: str, text: str, column: int, *, code: str = "", params: dict[str, object] | None = None
    ) -> None:
        super().__init__(message, text, column)
        self.message, self.text, self.column = message, text, column
        self.code, self.params = code, dict(params or {})

    def __str__(self) -> str:
        return f"{self.message} (column {self.column})"


class BadValue(ValueError):
    """A text that is no value of its kind; `code` and `params` say why, for a translated message."""

    def __init__(self, code: str, params: dict[str, object] | None = None) -> None:
        super().__init__(code, params or {})
        self.code, self.params = code, dict(params or {})


def refusal(code: str, text: str, column: int, **params: object) -> RuleError:
    """The error of this code, its sentence filled in."""
    return RuleError(MESSAGES[code].format(**params), text, column, code=code, params=params)
