"""The door: from text to a Python syntax tree of bounded size, with places in characters.

Nothing is executed here. Whatever makes Python's own parser fail (depth, memory, odd characters) becomes a RuleError.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from apps.rules.errors import RuleError, refusal
from apps.rules.nodes import Node

LENGTH_MAX: Final = 2_000
DEPTH_MAX: Final = 50
PARTS_MAX: Final = 600
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
# Python reads `1if` as two words, with a warning that depends on its version
_GLUED = re.compile(r"(?<![A-Za-z0-9_])(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+[A-Za-z_]\w*")
_SPACES = str.maketrans("\r\n\t", "   ")
# what Chinese keyboards give beside the ASCII characters that NFKC finds
_LOOKALIKES: Final = {"。": ".", "“": '"', "”": '"', "‘": "'", "’": "'", "、": ",", "×": "*", "÷": "/", "−": "-"} | {
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "–": "-",
    "—": "-",
    "【": "[",
    "】": "]",
}


class Source:
    """The text of a rule with its tree; `column` and `segment` count characters, as people do."""

    def __init__(self, text: str) -> None:
        _check_characters(text)
        self.text = text
        # a rule may be written over several lines: one character stays one character, so places stay true
        self._line = text.translate(_SPACES)
        self._indent = len(self._line) - len(self._line.lstrip(" "))
        self._line = self._line.lstrip(" ")
        self._bytes = self._line.encode()
        self.tree = self._parse()
        self._check_size()

    def _parse(self) -> ast.expr:
        _check_nesting(self.text)
        try:
            return ast.parse(self._line, mode="eval").body
        except SyntaxError as error:
            raise self._misread(error) from None
        except (MemoryError, RecursionError):
            raise refusal("too_deep", self.text, 1, limit=DEPTH_MAX) from None
        except (ValueError, OverflowError) as error:
            raise refusal("syntax", self.text, 1, detail=str(error)) from None

    def _misread(self, error: SyntaxError) -> RuleError:
        if not error.offset or error.offset > len(self._line.rstrip()):
            return refusal("unfinished", self.text, len(self.text.rstrip()) + 1)
        return refusal("syntax", self.text, self._indent + error.offset, detail=error.msg)

    def _check_size(self) -> None:
        parts = 0
        level: list[ast.AST] = [self.tree]
        depth = 0
        while level:
            depth, parts = depth + 1, parts + len(level)
            if depth > DEPTH_MAX:
                raise refusal("too_deep", self.text, self.column(level[0]), limit=DEPTH_MAX)
            if parts > PARTS_MAX:
                raise refusal("too_many_parts", self.text, 1, count=parts, limit=PARTS_MAX)
            level = [child for node in level for child in _expressions(node)]

    def column(self, node: ast.AST | Node) -> int:
        """Where the node begins; 1 is the first character."""
        if isinstance(node, Node):
            return node.column
        return self._indent + self._characters(getattr(node, "col_offset", 0)) + 1

    def segment(self, node: ast.expr) -> str:
        """The text of the node."""
        return self._bytes[node.col_offset : node.end_col_offset].decode()

    def _characters(self, offset: int) -> int:
        return len(self._bytes[:offset].decode(errors="ignore"))

    def refuse(self, code: str, node: ast.AST | Node, **params: object) -> RuleError:
        return refusal(code, self.text, self.column(node), **params)


def is_one_text(segment: str) -> bool:
    """Is it one text between one pair of quotes, without a prefix?"""
    return _STRING.fullmatch(segment) is not None


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.keyword | ast.comprehension):
            yield child


def _check_characters(text: str) -> None:
    if not isinstance(text, str):
        raise refusal("not_text", "", 1, given=type(text).__name__)
    if len(text) > LENGTH_MAX:
        raise refusal("too_long", text, LENGTH_MAX + 1, length=len(text), limit=LENGTH_MAX)
    if not text.strip():
        raise refusal("empty", text, 1)
    for place, character in enumerate(text, 1):
        if character == "\\":
            raise refusal("backslash", text, place)
        if unicodedata.category(character)[0] in "CZ" and character not in " \r\n\t\u3000":
            raise refusal("control_character", text, place, character=f"U+{ord(character):04X}")
    _check_code(text)


def _check_code(text: str) -> None:
    """Outside quotes only ASCII, and no comment: Python would fold look-alikes into other names."""
    outside = _STRING.sub(lambda match: " " * len(match.group()), text)
    for place, character in enumerate(outside, 1):
        if character == "#":
            raise refusal("comment", text, place)
        if not character.isascii():
            raise _foreign(text, place, character)
    if glued := _GLUED.search(outside):
        raise refusal("number_literal", text, glued.start() + 1, literal=glued.group()[:40])


def _foreign(text: str, place: int, character: str) -> RuleError:
    folded = _LOOKALIKES.get(character) or unicodedata.normalize("NFKC", character)
    if folded.isascii() and folded.strip():
        return refusal("lookalike", text, place, character=character, ascii=folded)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return refusal("foreign_character", text, place, character=shown)


def _check_nesting(text: str) -> None:
    """Brackets are counted before Python's parser sees them."""
    depth = 0
    for place, character in enumerate(_STRING.sub(lambda match: " " * len(match.group()), text), 1):
        depth += (character in "([{") - (character in ")]}")
        if depth > DEPTH_MAX:
            raise refusal("too_deep", text, place, limit=DEPTH_MAX)
