"""The CRF without data: blank, annotated with names and codes, and as worksheets for when the system is down."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Table

from apps.capture.wording import range_in_words
from apps.common.pdf import (
    BODY,
    HEADING,
    SMALL,
    STRONG,
    SUBHEADING,
    TITLE,
    WIDTH,
    Bookmark,
    Box,
    PageBreak,
    space,
    table,
    words,
)
from apps.common.units import unit_words
from apps.studies.protocol import CompiledForm, CompiledItem, Protocol
from apps.studies.wording import rule_words, said, target_words, window_words

LINES_TO_WRITE = 6  # empty lines of a table on paper


@dataclass(frozen=True)
class Crf:
    """Every form of a version. ``annotated``: with OIDs, types, code lists, CDASH and SDTM names, and visits × forms."""

    protocol: Protocol
    annotated: bool
    hidden: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Flowable]:
        definition = self.protocol.definition
        yield words(said(definition.title), TITLE)
        yield words(_("Annotated CRF") if self.annotated else _("Blank CRF"), HEADING)
        yield from self._schedule()
        for form in self.protocol.forms.values():
            if form.oid not in self.hidden:
                yield PageBreak()
                yield from form_story(self.protocol, form, annotated=self.annotated, hidden=self.hidden)

    def _schedule(self) -> Iterator[Flowable]:
        """Each visit with its time and forms."""
        rows: list[list[Any]] = [[words(name, STRONG) for name in (_("Visit"), _("When"), _("Window"), _("Forms"))]]
        for visit in self.protocol.visits.values():
            if self.hidden and (visit.arm or visit.blinding):
                continue
            forms = [said(self.protocol.forms[oid].title) for oid in visit.forms if oid not in self.hidden]
            name = f"{said(visit.label)} [{visit.code}]" if self.annotated else said(visit.label)
            rows.append([name, target_words(visit, self.protocol), window_words(visit) or "–", ", ".join(forms)])
        logs = [said(self.protocol.forms[oid].title) for oid in self.protocol.log_forms if oid not in self.hidden]
        rows.append([_("At any time"), "–", "–", ", ".join(logs)])
        yield table(rows, [2, 2, 2, 4], head=True)


def form_story(
    protocol: Protocol, form: CompiledForm, *, annotated: bool = False, hidden: frozenset[str] = frozenset()
) -> Iterator[Flowable]:
    """One form to be read or written on."""
    title = said(form.title)
    yield Bookmark(title)
    yield words(
        f"{title} [{form.oid}{f' · {form.definition.domain}' if form.definition.domain else ''}]" if annotated else title,
        HEADING,
    )
    for group in form.definition.groups:
        items = [form.items[item.oid] for item in group.items if item.oid not in hidden]
        if not items:
            continue
        if group.title:
            yield words(said(group.title), SUBHEADING)
        if group.repeating and not annotated:
            yield _grid(items)
        else:
            rows = [[_asked(protocol, item, annotated), _place(protocol, item)] for item in items]
            yield table(rows, [3, 3])


def _asked(protocol: Protocol, item: CompiledItem, annotated: bool) -> list[Flowable]:
    """What is asked, with its rules in words and, annotated, its names."""
    definition = item.definition
    told: list[Flowable] = [words(said(definition.label) + (" *" if definition.required else ""), STRONG)]
    if definition.help:
        told.append(words(said(definition.help), SMALL))
    limits = definition.range and (definition.range.soft or definition.range.hard)
    if limits:
        told.append(words(_("expected: %(range)s") % {"range": range_in_words(limits, definition.unit)}, SMALL))
    if item.show_if:
        told.append(words(_("only when: %(rule)s") % {"rule": rule_words(item.show_if, protocol)}, SMALL))
    if annotated:
        names = [definition.oid, definition.type]
        names += [f"{name}: {value}" for name, value in (("CDASH", definition.cdash), ("SDTM", definition.sdtm)) if value]
        if definition.codelist:
            names.append(f"{_('code list')}: {definition.codelist}")
        told.append(words(" · ".join(names), SMALL))
        if item.compute:
            told.append(words(_("computed: %(rule)s") % {"rule": rule_words(item.compute, protocol)}, SMALL))
        told += [
            words(f"{check.definition.oid} ({check.definition.severity}): {rule_words(check.rule, protocol)}", SMALL)
            for check in item.checks
        ]
    return told


def _place(protocol: Protocol, item: CompiledItem) -> list[Flowable]:
    """Where the answer is written: boxes to tick, or a line with its unit."""
    definition = item.definition
    if definition.type in {"note", "computed"}:
        return [words("" if definition.type == "note" else _("computed by the system"), SMALL)]
    if definition.type == "yesno":
        return _boxes([_("Yes"), _("No")])
    if definition.type in {"choice", "choices"}:
        codes = protocol.codelists.get(definition.codelist or "", {})
        return _boxes([f"{said(label)} [{code}]" for code, label in codes.items()])
    line = Box(60 * mm, 7 * mm, is_line=True)
    unit = " / ".join(unit_words(one) for one in (definition.unit, *definition.unit_choices) if one)
    hints = {"date": "YYYY-MM-DD", "time": "HH:MM", "datetime": "YYYY-MM-DD HH:MM", "file": _("attach the document")}
    return [line, words(unit or hints.get(definition.type, ""), SMALL)]


def _boxes(labels: list[str]) -> list[Flowable]:
    made = Table([[Box(), words(label, BODY)] for label in labels], [6 * mm, WIDTH / 2 - 10 * mm])
    made.setStyle(
        [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
    )
    return [made]


def _grid(items: list[CompiledItem]) -> Flowable:
    """An empty table to write into."""
    heads = [words(said(item.definition.label), SMALL) for item in items if item.definition.type not in {"note", "computed"}]
    empty = [[words(" ", HEADING) for _head in heads] for _line in range(LINES_TO_WRITE)]
    made = table([heads, *empty], [1] * len(heads), head=True)
    made.setStyle([("GRID", (0, 0), (-1, -1), 0.25, (0.6, 0.6, 0.6))])
    return made


@dataclass(frozen=True)
class Worksheet:
    """Forms to be filled in by hand: who, where and when on top, a signature below each."""

    protocol: Protocol
    forms: list[CompiledForm]
    facts: list[tuple[str, str]]
    hidden: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Flowable]:
        for number, form in enumerate(self.forms):
            if number:
                yield PageBreak()
            yield table(
                [[words(name, STRONG), value or Box(60 * mm, 5 * mm, is_line=True)] for name, value in self.facts], [1, 3]
            )
            yield from form_story(self.protocol, form, hidden=self.hidden)
            yield space(6)
            to_sign = (_("Entered on paper by"), _("Date and time"), _("Why on paper"))
            yield table([[words(name), Box(80 * mm, 7 * mm, is_line=True)] for name in to_sign], [1, 2])
