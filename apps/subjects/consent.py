"""Whether a subject's consent stands on a day. Pure: dated facts of the subject, consent forms of its site, nothing else.

A consent stands when it was given by that day, the trial was not left by withdrawal before it, and no version of the
consent form has come since that everybody must sign again (ICH E6(R3) 2.8.2 of Annex 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from apps.subjects.milestones import Milestones

# dated facts by which somebody agrees to the trial
GIVEN = ("consent", "reconsent")


class Standing(StrEnum):
    VALID = "valid"
    MISSING = "missing"  # none was given by that day
    OUTDATED = "outdated"  # a later version must be signed
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class ConsentForm:
    """A version of a site's consent form, in force from ``since`` until the next; ``again``: all must sign it."""

    label: str
    language: str
    since: date
    again: bool

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "ConsentForm":
        """As ``Site.consent_forms`` holds it."""
        return cls(stored["label"], stored["language"], date.fromisoformat(stored["since"]), stored["again"])


@dataclass(frozen=True)
class Consent:
    """``given``: when the newest one by that day was given; ``since``: from when it does not stand any more."""

    standing: Standing
    given: date | None = None
    since: date | None = None

    @property
    def is_valid(self) -> bool:
        return self.standing == Standing.VALID


def forms_of(stored: Sequence[Mapping[str, Any]]) -> list[ConsentForm]:
    return sorted((ConsentForm.of(one) for one in stored), key=lambda form: form.since)


def form_on(day: date, forms: Sequence[ConsentForm]) -> list[ConsentForm]:
    """What is in force at the site that day: the newest, in each of its languages."""
    begun = [form for form in forms if form.since <= day]
    newest = max((form.since for form in begun), default=None)
    return [form for form in begun if form.since == newest]


def consent_on(day: date, facts: Milestones, forms: Sequence[ConsentForm]) -> Consent:
    """A withdrawal from treatment alone is none: it sets another fact, and follow-up goes on."""
    given = max((on for kind in GIVEN for _n, on in facts.all(kind) if on <= day), default=None)
    if given is None:
        return Consent(Standing.MISSING)
    withdrawn = facts.first("withdrawal")
    if withdrawn is not None and withdrawn < day:
        return Consent(Standing.WITHDRAWN, given, withdrawn)
    again = max((form.since for form in forms if form.again and form.since <= day), default=None)
    if again is not None and given < again:
        return Consent(Standing.OUTDATED, given, again)
    return Consent(Standing.VALID, given)
