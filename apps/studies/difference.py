"""What differs between two definitions, element by element, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.studies.definition import StudyDefinition

Element = tuple[str, str]
Spec = dict[str, Any]
NOUNS = {
    "study": gettext_lazy("study"),
    "arm": gettext_lazy("arm"),
    "criterion": gettext_lazy("criterion"),
    "question": gettext_lazy("question"),
    "cycle": gettext_lazy("cycle"),
    "visit": gettext_lazy("visit"),
    "outcome": gettext_lazy("outcome"),
    "site": gettext_lazy("site"),
    "start": gettext_lazy("starting dose"),
    "target": gettext_lazy("target range"),
    "codelist": gettext_lazy("code list"),
    "code": gettext_lazy("code"),
    "form": gettext_lazy("form"),
    "item": gettext_lazy("item"),
}
# what stands as elements of its own, so that the whole that holds it does not differ too
PARTS = frozenset(("arms", "eligibility", "questions", "cycles", "visits", "outcomes", "sites", "codelists", "forms"))


@dataclass(frozen=True)
class Difference:
    """One element that is ``added``, ``removed`` or ``changed``; then ``fields``: (name, before, now)."""

    noun: str
    name: str
    kind: str
    fields: tuple[tuple[str, Any, Any], ...] = ()

    def __str__(self) -> str:
        words = {"noun": NOUNS[self.noun], "name": self.name}
        if self.kind == "added":
            return _("new %(noun)s %(name)s") % words
        if self.kind == "removed":
            return _("%(noun)s %(name)s is gone") % words
        told = "; ".join(
            _("%(field)s from %(old)s to %(new)s") % {"field": name, "old": spoken(old), "new": spoken(new)}
            for name, old, new in self.fields
        )
        return _("%(noun)s %(name)s changed: %(what)s") % {**words, "what": told}


def spoken(value: Any) -> str:
    """A part of a definition, short enough to read."""
    text = _plain(value)
    return f"“{text}”" if len(text) <= 160 else f"“{text[:159]}…”"


def _plain(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return _("nothing")
    match value:
        case {"amount": amount, "unit": unit}:
            return f"{amount:+d} {unit}"
        case {"en": text, **rest} if set(rest) <= {"zh"}:
            return f"{text} / {rest['zh']}" if rest.get("zh") else text
        case dict():
            return ", ".join(f"{name}: {_plain(part)}" for name, part in value.items())
        case list() | tuple():
            return ", ".join(_plain(part) for part in value)
    return str(value)


def difference(old: StudyDefinition, new: StudyDefinition) -> list[Difference]:
    """In the order of the new definition; what is gone stands last."""
    before, now = dict(_elements(old)), dict(_elements(new))
    found = []
    for (noun, name), spec in now.items():
        if (noun, name) not in before:
            found.append(Difference(noun, name, "added"))
        elif fields := _fields(before[noun, name], spec):
            found.append(Difference(noun, name, "changed", fields))
    return found + [Difference(noun, name, "removed") for noun, name in before if (noun, name) not in now]


def _fields(old: Spec, new: Spec) -> tuple[tuple[str, Any, Any], ...]:
    names = [*new, *(name for name in old if name not in new)]
    return tuple((name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _elements(study: StudyDefinition) -> Iterator[tuple[Element, Spec]]:
    whole = study.model_dump(mode="json")
    dosing = whole.pop("dosing") or {}
    yield ("study", study.study), {name: value for name, value in whole.items() if name not in PARTS} | _plan(dosing)
    for noun, key in (("arm", "arms"), ("criterion", "eligibility"), ("question", "questions"), ("cycle", "cycles")):
        yield from (((noun, part["code"]), part) for part in whole[key])
    for noun, key in (("visit", "visits"), ("outcome", "outcomes"), ("site", "sites")):
        yield from (((noun, part["code"]), part) for part in whole[key])
    for noun, key in (("start", "start"), ("target", "targets")):
        yield from (((noun, str(n)), part) for n, part in enumerate(dosing.get(key, ()), start=1))
    for form in whole["forms"]:
        yield from _form(form)
    for codelist in whole["codelists"]:
        yield ("codelist", codelist["oid"]), {"source": codelist["source"], "order": [c["code"] for c in codelist["codes"]]}
        yield from ((("code", f"{codelist['oid']}.{code['code']}"), code) for code in codelist["codes"])


def _plan(dosing: Spec) -> Spec:
    return {f"dosing {name}": value for name, value in dosing.items() if name not in {"start", "targets"}}


def _form(form: Spec) -> Iterator[tuple[Element, Spec]]:
    groups = form.pop("groups")
    shape = [(group["oid"], group["repeating"], [item["oid"] for item in group["items"]]) for group in groups]
    headings = [group["title"] for group in groups]
    yield ("form", form["oid"]), {**form, "items": shape, "headings": headings}
    for group in groups:
        yield from ((("item", f"{form['oid']}.{item['oid']}"), item) for item in group["items"])
