"""The rule language. (documented below)"""

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
    "parse_value",
    "round_half_up",
    "typed",
]
