"""Collects the texts that a person reads into the catalogues, by Babel alone. `python -m trialcapture.runtime.extraction`.

Python files are read by Babel; templates are first turned into calls by Django's own `templatize`, as `makemessages` does.
`--check` changes nothing and fails, naming them, where a text has no translation or a translation has no text.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django.conf
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from trialcapture.runtime.places import BASE_DIR

LANGUAGES = ["zh_Hans"]  # English is the language of the source
FOLDERS = ["apps", "trialcapture", "templates"]
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = (
    "# Translations of TrialCapture. Collected by `python -m trialcapture.runtime.extraction`; edit the msgstr lines only."
)


def catalogue_path(language: str, base: Path = BASE_DIR) -> Path:
    return base / "locale" / language / "LC_MESSAGES" / "django.po"


def sources(base: Path = BASE_DIR) -> list[Path]:
    found = (path for folder in FOLDERS for path in (base / folder).rglob("*") if path.suffix in {".py", ".html", ".txt"})
    return sorted(path for path in found if "migrations" not in path.parts)


def python_source(path: Path) -> str:
    """The file as Python that calls gettext where a text is read."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    # what is no text became X; its indentation means nothing to Python
    return "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())


def messages(base: Path = BASE_DIR) -> Iterator[tuple]:
    """(path, message, comments, context) of every text, in the order of the files."""
    for path in sources(base):
        stream = io.BytesIO(python_source(path).encode())
        for _line, message, comments, context in extract("python", stream, KEYWORDS, ["Translators:"], {}):
            yield path.relative_to(base).as_posix(), message, comments, context


def collected(base: Path = BASE_DIR) -> Catalog:
    catalogue = Catalog(project="TrialCapture", header_comment=HEADER, charset="utf-8")
    for path, message, comments, context in messages(base):
        flags = () if path.endswith(".html") else None
        catalogue.add(message, None, [(path, 0)], auto_comments=comments, context=context, flags=flags or ())
    return catalogue


def existing(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language, project="TrialCapture", header_comment=HEADER, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, base: Path = BASE_DIR) -> bool:
    """New texts into the catalogue, texts that are gone out of it, translations kept. True if the file changed."""
    path = catalogue_path(language, base)
    catalogue = existing(path, language)
    catalogue.update(collected(base), no_fuzzy_matching=True, update_header_comment=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False  # Babel marks a new catalogue's header as doubtful
    written = io.BytesIO()
    write_po(written, catalogue, width=110, include_lineno=False, sort_by_file=True, omit_header=False)
    # the day of collection would make every run a change
    content = re.sub(
        rb'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team|Report-Msgid-Bugs-To):.*\n',
        b"",
        written.getvalue(),
        flags=re.M,
    )
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def untranslated(language: str, base: Path = BASE_DIR) -> list[str]:
    """Texts of the source that the catalogue does not translate, or marks as doubtful."""
    catalogue = existing(catalogue_path(language, base), language)
    missing = []
    for wanted in collected(base):
        if not wanted.id:
            continue
        found = catalogue.get(wanted.id, wanted.context)
        strings = found.string if found and isinstance(found.string, (tuple, list)) else (found.string,) if found else ()
        if not found or found.fuzzy or not strings or not all(strings):
            missing.append(wanted.id if isinstance(wanted.id, str) else wanted.id[0])
    return missing


def unused(language: str, base: Path = BASE_DIR) -> list[str]:
    """Texts of the catalogue that the source does not have any more."""
    wanted = collected(base)
    held = (message for message in existing(catalogue_path(language, base), language) if message.id)
    gone = (message.id for message in held if wanted.get(message.id, message.context) is None)
    return [text if isinstance(text, str) else text[0] for text in gone]


def check(language: str) -> bool:
    """Whether source and catalogue agree; says where not."""
    missing, gone = untranslated(language), unused(language)
    for text in missing:
        print(f"{language}: no translation of {text!r}", file=sys.stderr)
    for text in gone:
        print(f"{language}: nothing says {text!r} any more", file=sys.stderr)
    return not missing and not gone


def main(arguments: list[str]) -> int:
    if not django.conf.settings.configured:
        django.conf.settings.configure()
    if "--check" in arguments:
        agreed = [check(language) for language in LANGUAGES]  # of each, what it lacks is said
        return 0 if all(agreed) else 1
    for language in LANGUAGES:
        changed = update(language)
        print(
            f"{catalogue_path(language).relative_to(BASE_DIR)}: {'updated' if changed else 'as it was'}, "
            f"{len(untranslated(language))} texts wait for a translation"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
