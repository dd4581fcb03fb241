"""A randomization list as a CSV file: read whole, or refused with a reason for every line."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from apps.common.errors import DomainError
from apps.common.tables import DANGEROUS
from apps.randomization.methods import Lists
from apps.randomization.strata import labels_of, stratum_label

ROWS_MAX = 50_000
BYTES_MAX = 1_000_000
PROBLEMS_MAX = 200
POSITION, ARM = "position", "arm"


class ListRefused(DomainError):
    """``lines``: [(line of the file, what is wrong and what would be right), …], the first of them."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        super().__init__(
            _("The list was not taken: %(number)s lines are wrong.") % {"number": len(lines)},
            code="list_refused",
            item="file",
        )
        self.lines = lines[:PROBLEMS_MAX]


@dataclass
class _Reading:
    """``levels``: item → its codes; ``start``: stratum → the slots that it has already."""

    arms: Sequence[str]
    levels: Mapping[str, Sequence[str]]
    start: Mapping[str, int]
    found: dict[str, dict[int, tuple[str, int]]] = field(default_factory=dict)  # stratum → position → arm, line
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def row(self, line: int, row: Mapping[str, str]) -> None:
        problems = list(self._problems(row))
        self.wrong += [(line, words) for words in problems]
        if problems:
            return
        stratum = stratum_label({item: row[item] for item in self.levels})
        position = int(row[POSITION])
        taken = self.found.setdefault(stratum, {})
        if position in taken:
            words = _("position %(position)s of %(stratum)s stands in line %(line)s already")
            self.wrong.append((line, words % {"position": position, "stratum": stratum, "line": taken[position][1]}))
        elif position <= self.start.get(stratum, 0):
            words = _("position %(position)s of %(stratum)s is in the sealed list already; go on with %(next)s")
            known = {"position": position, "stratum": stratum, "next": self.start[stratum] + 1}
            self.wrong.append((line, words % known))
        else:
            taken[position] = (row[ARM], line)

    def _problems(self, row: Mapping[str, str]) -> Iterator[str]:
        for name, text in row.items():
            if text.startswith(DANGEROUS):
                yield _("%(column)s begins with “%(sign)s”, as a formula does; write the value itself") % {
                    "column": name,
                    "sign": text[0],
                }
                return
        if not (row[POSITION].isascii() and row[POSITION].isdigit() and 0 < int(row[POSITION][:9]) <= ROWS_MAX):
            yield _("position “%(text)s” is no whole number from 1 on") % {"text": row[POSITION][:40]}
        if row[ARM] not in self.arms:
            yield _("there is no arm “%(text)s”; the arms are %(arms)s") % {
                "text": row[ARM][:40],
                "arms": ", ".join(self.arms),
            }
        for item, codes in self.levels.items():
            if row[item] not in codes:
                yield _("%(item)s has no code “%(text)s”; there are %(codes)s") % {
                    "item": item,
                    "text": row[item][:40],
                    "codes": ", ".join(codes),
                }

    def gaps(self) -> None:
        for stratum in labels_of(self.levels):
            taken = self.found.get(stratum, {})
            if not taken and not self.start.get(stratum):
                self.wrong.append((1, _("no line is of stratum %(stratum)s") % {"stratum": stratum}))
            due = self.start.get(stratum, 0) + 1
            for position in sorted(taken):
                if position != due:
                    words = _("position %(due)s of %(stratum)s is missing before %(position)s")
                    line = taken[position][1]
                    self.wrong.append((line, words % {"due": due, "stratum": stratum, "position": position}))
                due = position + 1

    def lists(self) -> Lists:
        return {stratum: [taken[n][0] for n in sorted(taken)] for stratum, taken in sorted(self.found.items())}


def columns_of(levels: Mapping[str, Sequence[str]]) -> list[str]:
    return [POSITION, *sorted(levels), ARM]


def read_list(
    content: bytes, arms: Sequence[str], levels: Mapping[str, Sequence[str]], start: Mapping[str, int] | None = None
) -> Lists:
    """Stratum → arms in order. UTF-8, with the columns of ``columns_of`` in any order, separated by commas or semicolons.

    ListRefused for another encoding, other columns, more than 50,000 rows, a formula, an unknown arm or code, a position
    that is double, missing or sealed already (``start``), a stratum without a line.
    """
    reading = _Reading(arms, levels, start or {})
    for line, row in _rows(_text(content), columns_of(levels)):
        reading.row(line, row)
        if len(reading.wrong) > PROBLEMS_MAX:
            break
    else:
        if not reading.wrong:
            reading.gaps()
    if reading.wrong:
        raise ListRefused(reading.wrong)
    return reading.lists()


def _text(content: bytes) -> str:
    if len(content) > BYTES_MAX:
        size = {"limit": BYTES_MAX // 1000}
        raise ListRefused([(1, _("the file has more than %(limit)s kB; a list has at most 50,000 lines") % size)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ListRefused([(line, _("the file is not in UTF-8; save it as “CSV UTF-8”"))]) from error
    if "\0" in text:
        raise ListRefused([(1, _("the file is not in UTF-8; save it as “CSV UTF-8”"))])
    return text


def _rows(text: str, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if ";" in head and "," not in head else ",", strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if sorted(names) != sorted(columns):
            said = {"found": ", ".join(names)[:200] or "–", "wanted": ", ".join(columns)}
            raise ListRefused([(1, _("the columns are %(found)s; they must be %(wanted)s") % said)])
        count = 0
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            count += 1
            if count > ROWS_MAX:
                raise ListRefused([(reader.line_num, _("a list has at most 50,000 lines"))])
            if len(row) != len(names):
                cells = {"found": len(row), "wanted": len(names)}
                raise ListRefused([(reader.line_num, _("%(found)s cells instead of %(wanted)s") % cells)])
            yield reader.line_num, dict(zip(names, (cell.strip() for cell in row), strict=True))
    except csv.Error as error:
        raise ListRefused([(reader.line_num, _("the line cannot be read as CSV: %(why)s") % {"why": error})]) from error
