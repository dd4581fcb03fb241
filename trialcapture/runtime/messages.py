"""Compiles the translations by Babel, where a system would use gettext. `python -m trialcapture.runtime.messages`.

A catalogue that is not newer than its compiled form is left alone. An entry marked fuzzy is not used.
"""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from trialcapture.runtime.errors import CannotRun, cannot_write
from trialcapture.runtime.places import BASE_DIR


def main() -> None:
    for source in catalogues():
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            compile_catalogue(source, target)


def catalogues() -> list[Path]:
    patterns = ("locale/*/LC_MESSAGES/*.po", "apps/*/locale/*/LC_MESSAGES/*.po")
    return sorted(path for pattern in patterns for path in BASE_DIR.glob(pattern))


def compile_catalogue(source: Path, target: Path) -> None:
    scratch = target.with_suffix(".mo.new")
    try:
        with source.open("rb") as file:
            # the folder is Django's name of the language (zh_Hans), which Babel knows too
            catalogue = read_po(file, locale=source.parent.parent.name, abort_invalid=True)
        with scratch.open("wb") as file:
            write_mo(file, catalogue)
        scratch.replace(target)
    except PoFileError as error:
        raise CannotRun(f"{source.relative_to(BASE_DIR)}: {error}") from error
    except OSError as error:
        raise cannot_write(target, error) from error


if __name__ == "__main__":
    main()
