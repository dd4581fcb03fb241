"""A form as the page shows it: sections, fields, lines; each with what was typed, what is wrong, what is asked."""

import secrets
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.attempt import Attempt
from apps.capture.evaluation import Place, lines_of
from apps.capture.models import Query
from apps.capture.paths import is_lines
from apps.capture.places import RecordPlace
from apps.capture.reading import MISSING_CODES
from apps.capture.wording import range_in_words
from apps.casebook.record_names import Typed, id_of, name_of
from apps.common.text import in_language, reader_language
from apps.rules import as_text
from apps.studies.wording import rule_words, said

RADIOS_AT_MOST = 6


@dataclass(frozen=True)
class Option:
    code: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Note:
    """A sentence under an item. ``tone`` as in app.css; ``refused`` says that the entry cannot be stored."""

    text: str
    tone: str = "attention"
    refused: bool = False


@dataclass
class Field:
    """One item (of a line) on the page."""

    item: Any
    path: str
    label: str
    shown: bool
    text: str = ""
    unit: str = ""
    missing: str = ""
    options: list[Option] = field(default_factory=list)
    computed: str = ""
    formula: str = ""  # how it is computed, in words
    computed_from: str = ""  # the values that it was made of, in words
    notes: list[Note] = field(default_factory=list)
    before: str = ""
    open_queries: int = 0
    has_history: bool = False
    badges: list = field(default_factory=list)
    file: Any = None
    toggled: bool = False  # came or went since the page was drawn

    @property
    def name(self) -> str:
        return name_of(self.path)

    @property
    def id(self) -> str:
        return id_of(self.name)

    @property
    def type(self) -> str:
        return self.item.definition.type

    @property
    def required(self) -> bool:
        return self.item.definition.required

    @property
    def template(self) -> str:
        kind = self.type
        if kind == "choice":
            # a table has no room for radios
            kind = "radios" if len(self.options) <= RADIOS_AT_MOST and not self.item.line else "select"
        return f"casebook/record/inputs/{TEMPLATES.get(kind, kind)}.html"

    @property
    def help(self) -> str:
        return said(self.item.definition.help)

    @property
    def range(self) -> str:
        limits = self.item.definition.range
        interval = limits and (limits.soft or limits.hard)
        return range_in_words(interval, self.item.definition.unit) if interval else ""

    @property
    def units(self) -> list[str]:
        definition = self.item.definition
        return [definition.unit, *definition.unit_choices] if definition.unit_choices else []

    @property
    def is_refused(self) -> bool:
        return any(note.refused for note in self.notes)

    @property
    def is_kept(self) -> bool:
        """Hidden, with a value that is kept."""
        return not self.shown and bool(self.text or self.missing or any(option.chosen for option in self.options))

    @property
    def signature(self) -> str:
        """What the server may change under the reader's hands; the page names it back to learn only what is new.

        Its first figure says whether the item is shown, since only that replaces the input itself.
        """
        said = (self.computed, [(note.text, note.tone) for note in self.notes])
        return f"{int(self.shown)}{zlib.crc32(repr(said).encode()):x}"


# how each type is typed in
TEMPLATES = {
    "integer": "text",
    "decimal": "text",
    "time": "text",
    "date": "text",
    "datetime": "text",
    "yesno": "radios",
    "text": "words",
    "choices": "checkboxes",
}


@dataclass
class Line:
    key: str
    fields: list[Field]
    inactive: str = ""


@dataclass
class Section:
    group: Any
    fields: list[Field] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    heads: list[Field] = field(default_factory=list)

    @property
    def title(self) -> str:
        return said(self.group.title)

    @property
    def is_table(self) -> bool:
        return self.group.repeating


@dataclass
class FieldMaker:
    """Makes the fields of one page from what is typed, tried and stored; ``badges``: path → list from upper layers."""

    place: RecordPlace
    typed: Typed
    tried: Attempt
    queries: Iterable[Query] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    badges: Mapping[str, list] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    is_line_offered: bool = False
    formulas: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hidden = set(self.tried.outcome.irrelevant)
        # by line, so that each line of a long table costs the same
        self.filled = lines_of(self.tried.outcome.data)
        self.notes: dict[str, list[Note]] = {}
        for problem in self.tried.problems:
            self._note(problem.path, Note(problem.message, "problem", refused=True))
        groups = {oid: item.group.oid for oid, item in self.place.form.items.items()}
        for finding in self.tried.outcome.findings:
            path = _path(groups, finding.item_oid, finding.line_key)
            self._note(path, Note(in_language(finding.text), "problem" if finding.is_hard else "attention"))
        self.asked: dict[str, int] = {}
        for query in self.queries:
            if query.status != Query.Status.CLOSED:
                path = _path(groups, query.item_oid, query.line_key)
                self.asked[path] = self.asked.get(path, 0) + 1

    def _note(self, path: str, note: Note) -> None:
        self.notes.setdefault(path, []).append(note)

    def sections(self) -> list[Section]:
        visible = self.place.visible_items()
        sections = []
        for group in self.place.form.definition.groups:
            items = [visible[one.oid] for one in group.items if one.oid in visible]
            if items:
                section = Section(group)
                if group.repeating:
                    self._table(section, items)
                else:
                    section.fields = [self.field(Place(item)) for item in items]
                sections.append(section)
        return sections

    def _table(self, section: Section, items: list) -> None:
        """Lines in their order; what is only typed so far stands in the tried data too."""
        section.heads = [Field(item, item.oid, _label(item), True) for item in items]
        lines = self.tried.outcome.data.get(section.group.oid) or []
        keys = [line["_key"] for line in lines] if is_lines(lines) else []
        for key in dict.fromkeys([*keys, *self._typed_keys(section.group.oid)]):
            inactive = (self.typed.get(f"{section.group.oid}.{key}._inactive") or [""])[-1]
            line = {"_key": key}
            section.lines.append(Line(key, [self.field(Place(item, line)) for item in items], inactive))

    def _typed_keys(self, group: str) -> list[str]:
        """Lines that are typed and refused are shown too; one empty line waits at the end, for pages without script."""
        prefix = f"{group}."
        keys = [name.split(".")[1] for name, values in self.typed.items() if name.startswith(prefix) and _says(name, values)]
        return [*keys, secrets.token_hex(5)] if self.is_line_offered else keys

    def field(self, place: Place) -> Field:
        item, path = place.item, place.path
        name = name_of(path)
        one = Field(
            item=item,
            path=path,
            label=_label(item),
            shown=path not in self.hidden,
            text=self._last(name),
            unit=self._last(f"{name}.unit"),
            missing=self._last(f"{name}.missing"),
            notes=self.notes.get(path, []),
            open_queries=self.asked.get(path, 0),
            has_history=self.place.record is not None and path in self.place.record.changed,
            badges=self.badges.get(path, []),
        )
        one.options = self._options(one)
        if item.compute is not None:
            one.computed = self.shown_value(item, self._computed(place))
            if self.place.may_tell(item.compute):
                one.formula = self._formula(item)
                one.computed_from = self._computed_from(place)
        if place.line is None and item.oid in self.before:
            one.before = self.shown_value(item, self.before[item.oid])
        if item.definition.type == "file" and one.text:
            one.file = self.files.get(one.text)
        return one

    def _last(self, name: str) -> str:
        values = self.typed.get(name)
        return values[-1] if values else ""

    def _computed(self, place: Place) -> Any:
        return self.filled.get(place.key, {}).get(place.item.oid)

    def _formula(self, item) -> str:
        """Said once for all lines of a table."""
        if item.oid not in self.formulas:
            self.formulas[item.oid] = rule_words(item.compute, self.place.protocol)
        return self.formulas[item.oid]

    def _computed_from(self, place: Place) -> str:
        """``Height: 80; Weight: 9.5``; what is not known is said to be so."""
        labels = self.place.protocol.labels(reader_language())
        scope = self.tried.scope if place.line is None else self.tried.evaluator.scope_of(place)
        used = place.item.compute.explain(scope).used
        return "; ".join(f"{labels.get(name, name)}: {as_text(value) or '–'}" for name, value in used if not _is_many(value))

    def _options(self, one: Field) -> list[Option]:
        if one.type == "yesno":
            labels = {"Y": _("Yes"), "N": _("No")}
        elif one.type in ("choice", "choices"):
            codes = self.place.protocol.codelists.get(one.item.definition.codelist, {})
            labels = {code: said(text) for code, text in codes.items()}
        else:
            return []
        chosen = set(self.typed.get(f"{one.name}.codes") or ()) if one.type == "choices" else {one.text}
        return [Option(code, label, code in chosen) for code, label in labels.items()]

    def shown_value(self, item, value: Any) -> str:
        """A stored value as a person reads it: labels for codes, words for missing codes."""
        return shown_value(self.place.protocol, item, value)


def _is_many(value: Any) -> bool:
    return isinstance(value, tuple)


def _says(name: str, values: list[str]) -> bool:
    return not name.endswith("._line") and any(values)


def shown_value(protocol, item, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(missing_labels().get(value.get("missing", ""), value.get("value", "")))
    if isinstance(value, list):
        return ", ".join(shown_value(protocol, item, one) for one in value)
    codes = protocol.codelists.get(item.definition.codelist or "", {})
    if value in codes:
        return in_language(codes[value].model_dump())
    if _is_yesno(item):
        return {"Y": _("Yes"), "N": _("No")}.get(value, value)
    return str(value).replace("T", " ") if item.definition.type == "datetime" else str(value)


def _is_yesno(item) -> bool:
    return item.definition.type == "yesno" or (item.compute is not None and item.definition.result == "yesno")


def missing_labels() -> dict[str, str]:
    words = (_("Not done"), _("Not applicable"), _("Unknown"), _("Asked, unknown"))
    return dict(zip(MISSING_CODES, words, strict=True))


def _label(item) -> str:
    return said(item.definition.label)


def _path(groups: Mapping[str, str], oid: str, line_key: str) -> str:
    return f"{groups.get(oid, '')}/{line_key}/{oid}" if line_key else oid
