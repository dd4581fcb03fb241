"""The page of one form: what it is made of, from the place, what is typed, and what the server says of it."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.capture.attempt import Attempt, attempt
from apps.capture.consents import consent_of, version_of
from apps.capture.double_entry import awaits_second, second_of
from apps.capture.evaluation import Place
from apps.capture.late import days_late
from apps.capture.models import Draft, FormRecord, Query, SecondEntry
from apps.capture.paths import is_lines
from apps.capture.permissions import ADJUDICATE, INACTIVATE_RECORD, MOVE_RECORD, OPEN_QUERY
from apps.capture.places import RecordPlace, RecordRef
from apps.capture.selectors import attachments_of, draft_of, previous_values, queries_of, visible_data
from apps.capture.services.openings import Holder
from apps.capture.services.records import refuse_closed
from apps.capture.status import status_of
from apps.casebook.record_fields import Field, FieldMaker, Line, Section, missing_labels
from apps.casebook.record_names import Typed, typed_from, values_of
from apps.casebook.record_review import RecordReview
from apps.casebook.selectors.grid import visit_label
from apps.common.errors import DomainError, NotVisible
from apps.common.text import day_in_words, in_language
from apps.studies.wording import said
from apps.subjects.consent import Standing


def address_of(ref: RecordRef) -> str:
    """The page of the form; everything of the page lies under it."""
    if ref.visit_id is None:
        return reverse("casebook:log_form", args=[ref.slug, ref.number, ref.form_oid, ref.repeat])
    return reverse("casebook:form", args=[ref.slug, ref.number, ref.visit_id, ref.form_oid, ref.repeat])


@dataclass
class RecordPage:
    """Everything that the templates show. ``typed`` None shows the person's draft, else what is stored."""

    place: RecordPlace
    typed: Typed | None = None
    revision: int | None = None
    error: DomainError | None = None
    badges: dict[str, list] = field(default_factory=dict)
    is_line_offered: bool = False
    review: RecordReview | None = None
    holder: Holder | None = None  # somebody else has the form open: this page reads

    is_second = False  # see SecondPage

    def __post_init__(self) -> None:
        self.draft: Draft | None = None
        if self.typed is None:
            self.draft = draft_of(self.place) if self.may_enter else None
            self.typed = self.draft.data if self.draft else typed_from(self._entered())
            if self.draft:
                self.revision = self.draft.base_revision
        if self.revision is None:
            self.revision = self.place.revision

    def _entered(self) -> dict[str, Any]:
        """What is stored and was entered; computed values are not typed."""
        computed = {oid for oid, item in self.place.form.items.items() if item.compute is not None}

        def without(values: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in values.items() if name not in computed}

        data = visible_data(self.place)
        return {
            name: [without(line) for line in value] if is_lines(value) else value for name, value in without(data).items()
        }

    # -- what may be done

    @cached_property
    def closed(self) -> str:
        """Why nothing can be entered here, in words; empty where it can."""
        try:
            refuse_closed(self.place)
        except DomainError as refusal:
            return str(refusal)
        return ""

    @cached_property
    def consent_words(self) -> str:
        """Why the consent that the record stands on is not valid; empty where it is, or where nothing was entered."""
        consent = consent_of(self.place)
        if consent.is_valid or self.record is None:
            return ""
        if consent.since is None:
            return _("Consent invalid: none was given by the day of this record.")
        since = {"since": day_in_words(consent.since)}
        if consent.standing == Standing.WITHDRAWN:
            return _("Consent invalid: it was withdrawn on %(since)s.") % since
        return (
            _("Consent invalid: a new version applies since %(since)s and was not signed by the day of this record.") % since
        )

    @cached_property
    def consent_version(self) -> str:
        """The consent form in force on the record's day, as far as the site has entered its versions."""
        return version_of(self.place)

    @property
    def may_enter(self) -> bool:
        return self.may_hold and self.holder is None

    @property
    def may_hold(self) -> bool:
        """Whether one could enter data here if nobody else did."""
        return self.place.may(self.place.entry_right) and not self.closed

    @property
    def may_ask(self) -> bool:
        return self.place.may(OPEN_QUERY) and self.record is not None

    @property
    def may_inactivate(self) -> bool:
        return self.place.may(INACTIVATE_RECORD) and self.record is not None and not self.place.hold()

    @property
    def may_move(self) -> bool:
        return self.place.may(MOVE_RECORD) and self.record is not None and not self.record.inactive and not self.place.hold()

    @cached_property
    def second(self) -> SecondEntry | None:
        return second_of(self.place)

    @property
    def may_decide(self) -> bool:
        return self.place.may(ADJUDICATE) and self.second is not None and self.second.completed_at is not None

    @property
    def second_words(self) -> str:
        """How far the second entry of a form that is entered twice is; empty for others."""
        if awaits_second(self.place, self.second):
            return _("This form waits for its second entry.")
        if self.second is None or not self.second.completed_at:
            return ""
        if self.second.is_settled:
            return _("This form was entered twice.")
        return _("Its two entries differ; a data manager decides.")

    @property
    def may_be_not_done(self) -> bool:
        return self.may_enter and not self.place.data and not self.is_not_done

    @property
    def needs_reason(self) -> bool:
        return self.record is not None and self.record.completed_at is not None

    # -- what it is

    @property
    def record(self) -> FormRecord | None:
        return self.place.record

    @property
    def is_not_done(self) -> bool:
        return self.record is not None and self.record.status == FormRecord.Status.NOT_DONE

    @property
    def title(self) -> str:
        return said(self.place.form.title)

    @property
    def visit_label(self) -> str:
        visit = self.place.visit
        return in_language(visit_label(self.place.protocol, visit)) if visit else ""

    @cached_property
    def queries(self) -> list[Query]:
        return queries_of(self.place)

    @property
    def open_queries(self) -> int:
        return sum(query.status != Query.Status.CLOSED for query in self.queries)

    @property
    def status(self) -> str:
        hold = self.place.hold()
        return status_of(
            self.record,
            open_queries=self.open_queries,
            hold=hold[1] if hold else "",
            is_verified=self.review is not None and self.review.is_verified,
            is_signed=self.review is not None and self.review.is_signed,
            visit=self.place.visit,
        )

    # -- the items

    @cached_property
    def tried(self) -> Attempt:
        return attempt(self.place, values_of(self.typed or {}))

    @cached_property
    def maker(self) -> FieldMaker:
        return FieldMaker(
            place=self.place,
            typed=self.typed or {},
            tried=self.tried,
            queries=self.queries,
            before=previous_values(self.tried.scope, self.place.visible_items()),
            badges=self.badges,
            files=attachments_of(self.place),
            is_line_offered=self.is_line_offered and self.may_enter,
        )

    @cached_property
    def sections(self) -> list[Section]:
        return self.maker.sections()

    def fields(self) -> list[Field]:
        found = []
        for section in self.sections:
            found += section.fields
            for line in section.lines:
                found += line.fields
        return found

    def changed(self, post) -> list[Field]:
        """The fields that differ from what the page says it shows."""
        try:
            shown = json.loads(post.get("_signatures", "{}"))
        except ValueError:
            shown = {}
        shown = shown if isinstance(shown, dict) else {}
        changed = [one for one in self.fields() if shown.get(one.path) != one.signature]
        for one in changed:
            one.toggled = str(shown.get(one.path, ""))[:1] != one.signature[:1]
        return changed

    def new_lines(self, group: str, keys: Sequence[str]) -> tuple[Section, list[Line]]:
        """Empty lines with these keys, or one with a new key; 404 for what is no table of this form."""
        section = next((one for one in self.sections if one.is_table and one.group.oid == group), None)
        if section is None:
            raise NotVisible
        keys = keys or [secrets.token_hex(5)]
        return section, [
            Line(key, [self.maker.field(Place(head.item, {"_key": key})) for head in section.heads]) for key in keys
        ]

    @property
    def takes_files(self) -> bool:
        """Only then is it sent in parts, which take the server longer to read than all else of a save."""
        return any(item.definition.type == "file" for item in self.place.visible_items().values())

    @property
    def has_contents(self) -> bool:
        return len([section for section in self.sections if section.title]) > 3

    @property
    def signatures(self) -> str:
        return json.dumps({one.path: one.signature for one in self.fields()}, separators=(",", ":"))

    @property
    def refused(self) -> list[Field]:
        return [one for one in self.fields() if one.is_refused and one.shown]

    @property
    def blocking(self) -> list[Field]:
        """For the summary after *Complete* was refused."""
        if self.error is None or self.error.code != "hard_checks":
            return []
        hard = {(one.item_oid, one.line_key) for one in self.error.details["findings"]}
        return [one for one in self.fields() if (one.item.oid, one.path.split("/")[1] if "/" in one.path else "") in hard]

    # -- addresses

    @cached_property
    def url(self) -> str:
        place = self.place
        ref = RecordRef.at(place.study.slug, place.subject.number, place.form.oid, place.ref.visit_id, place.ref.repeat)
        return address_of(ref)

    @property
    def leave_url(self) -> str:
        """Where the work goes on: the log's list, or the visit."""
        place = self.place
        if place.visit is None:
            return reverse("casebook:log", args=[place.study.slug, place.subject.number, place.form.oid])
        return reverse("casebook:visit", args=[place.study.slug, place.subject.number, place.visit.pk])

    @property
    def late_days(self) -> int:
        """How many days after the visit the form was begun, where that is late."""
        return days_late(self.record, self.place.visit, self.place.site)

    @property
    def next_form(self) -> tuple[str, str] | None:
        """(address, title) of the next form of the visit that this person may see."""
        place = self.place
        if place.visit is None:
            return None
        forms = [place.protocol.forms[oid] for oid in place.protocol.forms_at(place.visit.code)]
        visible = [form for form in forms if not (place.is_blinded and form.blinded)]
        index = next((n for n, form in enumerate(visible) if form.oid == place.form.oid), len(visible))
        if index + 1 >= len(visible):
            return None
        following = visible[index + 1]
        ref = RecordRef.at(place.study.slug, place.subject.number, following.oid, place.visit.pk)
        return address_of(ref), said(following.title)

    @property
    def draft_key(self) -> str:
        """Of the browser's own fallback draft: subject, visit, form, version and person."""
        ref, place = self.place.ref, self.place
        parts = (place.subject.pk, ref.visit_id or "log", place.form.oid, ref.repeat, place.version_id, place.actor.user_id)
        return "draft:" + ":".join(str(part) for part in parts)

    @property
    def missing_options(self) -> list[tuple[str, str]]:
        return list(missing_labels().items())

    @property
    def reasons(self) -> list[str]:
        return [
            _("Typing error"),
            _("Source document corrected"),
            _("New information"),
            _("Answer to a query"),
            _("Other"),
        ]

    def as_context(self) -> dict[str, Any]:
        return {"page": self, "place": self.place, "record": self.record, "subject": self.place.subject}
