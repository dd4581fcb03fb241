"""Verify an exported ledger on any machine: ``python -m apps.audit.offline FILE --public-key KEY``.

No database, no settings, no Django: Python with ``cryptography`` and ``pydantic-core`` is enough.

The file is JSON lines: a header, every chain's head, every seal, the events in order of chain and position, and an end
that counts them, so that a file that was cut is found.
"""

import argparse
import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from apps.audit.sealing import SealedPosition, UnusableKey, key_bytes, read_seal_files
from apps.audit.verification import Finding, Row, Walk, by_position, seal_findings

FORMAT = "trialcapture-ledger"
VERSION = 1


@dataclass
class Report:
    """What a verification says besides its findings: lines for a person, filled when the walk is over."""

    notes: list[str] = field(default_factory=list)


def seal_paths(given: list[Path]) -> list[Path]:
    """Files as they are, folders as the seal files in them."""
    return [file for path in given for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]


def verify_file(path: Path, trusted: frozenset[bytes] | None, copies: list[Path], report: Report) -> Iterator[Finding]:
    """Findings of an exported file. ``copies``: seal files kept elsewhere; ``trusted``: public keys (None: unknown)."""
    with ExitStack() as stack:
        lines = Lines(stack.enter_context(path.open("rb")))
        yield from lines.read_preamble()
        kept = list(read_seal_files(copies))
        yield from (Finding("unreadable", place, "the line is no seal") for place, seal in kept if seal is None)
        seals = [*lines.seals, *((place, seal) for place, seal in kept if seal is not None)]
        yield from seal_findings(seals, trusted)
        walk = Walk(heads=lines.heads, seals=by_position(seals))
        yield from walk.findings(lines.events())
        yield from lines.findings
    report.notes = summary(walk, seals, trusted)


def summary(walk: Walk, seals: list[tuple[str, SealedPosition]], trusted: frozenset[bytes] | None) -> list[str]:
    count = len({seal.signature for _, seal in seals})
    notes = [
        f"{walk.events} events in {len(walk.ends)} chains, {count} seals; {walk.unsealed()} events after the last seal."
    ]
    if seals and trusted is None:
        keys = sorted({base64.b64encode(seal.public_key).decode() for _, seal in seals})
        notes.append(f"No public key was given: compare the key of the seals with yours: {', '.join(keys)}")
    return notes


@dataclass
class Lines:
    """The file's lines, read once, in order. What is wrong with the file itself gathers in ``findings``."""

    file: IO[bytes]
    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    seals: list[tuple[str, SealedPosition]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    number: int = 0
    waiting: dict[str, Any] | None = None

    def read_preamble(self) -> Iterator[Finding]:
        """Header, heads and seals, up to the first event."""
        header = next(self, {})
        if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
            yield Finding("unreadable", "line 1", f"this is no ledger exported by TrialCapture (version {VERSION})")
            self.file.seek(0, 2)
            return
        for line in self:
            if "head" not in line and "seal" not in line:
                self.waiting = line
                break
            self._remember(line)

    def _remember(self, line: dict[str, Any]) -> None:
        try:
            if "head" in line:
                head = line["head"]
                self.heads[head["chain"]] = (head["seq"], bytes.fromhex(head["hash"]))
            else:
                self.seals.append((f"line {self.number}", SealedPosition.from_dict(line["seal"])))
        except (KeyError, ValueError, TypeError) as error:
            raise Unreadable(f"Line {self.number} of the file cannot be read.") from error

    def events(self) -> Iterator[Row]:
        count = 0
        line = self.waiting or next(self, None)
        while line is not None and "end" not in line:
            count += 1
            yield self._row(line)
            line = next(self, None)
        end = line["end"] if line else None
        if end is None:
            self.findings.append(Finding("file_cut", f"line {self.number}", "the file has no end: it was cut"))
        elif end["events"] != count:
            said = f"the end counts {end['events']} events, the file has {count}"
            self.findings.append(Finding("file_cut", f"line {self.number}", said))

    def _row(self, line: dict[str, Any]) -> Row:
        try:
            prev, this = bytes.fromhex(line["prev"]), bytes.fromhex(line["hash"])
            return str(line["chain"]), int(line["seq"]), prev, this, line["body"].encode()
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Unreadable(f"Line {self.number} of the file is no event.") from error

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> dict[str, Any]:
        text = self.file.readline()
        if not text:
            raise StopIteration
        self.number += 1
        try:
            line = json.loads(text)
        except ValueError as error:
            raise Unreadable(f"Line {self.number} of the file cannot be read.") from error
        if not isinstance(line, dict):
            raise Unreadable(f"Line {self.number} of the file cannot be read.")
        return line


class Unreadable(ValueError):
    """A line of the file is not what its format promises; the message names the line."""


def run(path: Path, key: str, copies: list[Path], say: Callable[[str], object]) -> int:
    """Say every finding and a summary; the exit status: 0 holds, 1 does not, 2 cannot be checked."""
    report, found = Report(), 0
    try:
        trusted = frozenset([key_bytes(key, "The public key")]) if key else None
        for finding in verify_file(path, trusted, seal_paths(copies), report):
            found += 1
            say(str(finding))
    except Unreadable as error:
        say(f"unreadable: {error}")
        return 1
    except (OSError, UnusableKey) as error:
        say(str(error))
        return 2
    for note in report.notes:
        say(note)
    say(f"{found} findings." if found else "The ledger holds.")
    return 1 if found else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.audit.offline", description="Verify an exported ledger.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--public-key", default="", help="32 bytes in base64, as `manage.py seal --public-key` prints it")
    parser.add_argument("--seals", type=Path, action="append", default=[], help="seal files kept elsewhere, or their folder")
    options = parser.parse_args(arguments)
    return run(options.file, options.public_key, options.seals, print)


if __name__ == "__main__":
    sys.exit(main())
