"""What a signing page lists, and how a subject's signatures read."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.capture.models import FormRecord
from apps.capture.paths import item_of
from apps.casebook.record_fields import shown_value
from apps.casebook.selectors.grid import visit_label
from apps.casebook.selectors.places import record_url
from apps.casebook.selectors.reader import Reader
from apps.common.text import in_language
from apps.review.models import Signature
from apps.review.selectors.signatures import Broken, SignatureState, signature_states
from apps.studies.protocol import get_protocol
from apps.studies.wording import said
from apps.subjects.models import Subject

# told before one signs
BREAKERS = [
    gettext_lazy("a value that is changed, also when it is changed back"),
    gettext_lazy("an item that another answer hides or shows"),
    gettext_lazy("a record or a line that is taken out of the data or back in"),
    gettext_lazy("for a visit or the casebook: a form that is added later"),
]


@dataclass(frozen=True)
class SignLine:
    """A record that is to be signed."""

    title: str
    url: str
    status: str
    revision: int
    queries: int


def lines_to_sign(subject: Subject, records: list[FormRecord], queries: Mapping[int, int]) -> list[SignLine]:
    return [
        SignLine(
            title=title_of(record),
            url=record_url(subject, record),
            status=record.get_status_display(),
            revision=record.revision,
            queries=queries.get(record.pk, 0),
        )
        for record in records
    ]


def title_of(record: FormRecord) -> str:
    """The form's title with its visit and, where it repeats, its number; in the reader's language."""
    protocol = get_protocol(record.version_id)
    visit = in_language(visit_label(protocol, record.visit)) if record.visit else ""
    number = f" #{record.repeat}" if record.repeat > 1 or record.visit is None else ""
    return " · ".join(part for part in (visit, said(protocol.forms[record.form_oid].title) + number) if part)


@dataclass(frozen=True)
class SignatureLine:
    """``changes``: (form, its address, item, as signed, now); ``added``: forms that came later."""

    signature: Signature
    level: str
    meaning: str
    is_current: bool
    changes: list[tuple[str, str, str, str, str]]
    added: list[tuple[str, str]]


def signature_lines(reader: Reader, subject: Subject) -> list[SignatureLine]:
    return [_line(reader, subject, state) for state in signature_states(reader.actor, subject)]


def _line(reader: Reader, subject: Subject, state: SignatureState) -> SignatureLine:
    signature = state.signature
    return SignatureLine(
        signature=signature,
        level=str(Signature.Level(signature.level).label),
        meaning=_(signature.meaning),
        is_current=state.is_current,
        changes=[line for broken in state.broken for line in _changes(reader, subject, broken)],
        added=[(title_of(record), record_url(subject, record)) for record in state.added],
    )


def _changes(reader: Reader, subject: Subject, broken: Broken) -> list[tuple[str, str, str, str, str]]:
    """One line an item; one without item where only the state changed, or a value was changed and changed back."""
    record, protocol = broken.record, get_protocol(broken.record.version_id)
    title, url = title_of(record), record_url(subject, record)
    items = protocol.forms[record.form_oid].items
    lines = []
    for path, old, new in broken.changes:
        item = items.get(item_of(path))
        if item is None or (reader.blinded and item.definition.blinding):
            continue
        before, now = (shown_value(protocol, item, value) or "–" for value in (old, new))
        lines.append((title, url, said(item.definition.label), before, now))
    if lines:
        return lines
    words = _("taken out of the data") if record.inactive else _("changed, and changed back, or shown and hidden")
    return [(title, url, words, "", "")]
