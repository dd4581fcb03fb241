"""The audit trail in words: what was done, to what, and each value as a person reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from apps.audit.selectors import EventView
from apps.capture.paths import item_of
from apps.casebook.record_fields import shown_value
from apps.casebook.selectors.facts import NAMES as FACTS
from apps.casebook.selectors.grid import visit_label
from apps.common.text import in_language
from apps.studies.protocol import Protocol, get_protocol
from apps.studies.wording import said
from apps.visits.models import SubjectVisit

ACTIONS: dict[str, str | Promise] = {
    "audit.delivery.retried": gettext_lazy("Follow-up work tried again"),
    "accounts.account.changed": gettext_lazy("Account changed"),
    "accounts.account.created": gettext_lazy("Account made"),
    "accounts.account.deactivated": gettext_lazy("Account deactivated"),
    "accounts.account.invited": gettext_lazy("Invitation sent again"),
    "accounts.account.reactivated": gettext_lazy("Account reactivated"),
    "accounts.second_factor.required": gettext_lazy("Second factor required"),
    "accounts.second_factor.reset": gettext_lazy("Second factor reset"),
    "capture.checks.run": gettext_lazy("Checks run again"),
    "capture.file.stored": gettext_lazy("File stored"),
    "capture.form.taken_over": gettext_lazy("Form taken over"),
    "capture.queries.exported": gettext_lazy("Query list exported"),
    "capture.query.answered": gettext_lazy("Query answered"),
    "capture.query.assigned": gettext_lazy("Query assigned"),
    "capture.query.closed": gettext_lazy("Query closed"),
    "capture.query.opened": gettext_lazy("Query opened"),
    "capture.query.reopened": gettext_lazy("Query reopened"),
    "capture.record.adjudicated": gettext_lazy("Form took values of its second entry"),
    "capture.record.completed": gettext_lazy("Form completed"),
    "capture.record.inactivated": gettext_lazy("Form taken out of the data"),
    "capture.record.moved": gettext_lazy("Form moved here"),
    "capture.record.not_done": gettext_lazy("Form recorded as not done"),
    "capture.record.reactivated": gettext_lazy("Form taken back into the data"),
    "capture.record.rechecked": gettext_lazy("Form followed a change elsewhere"),
    "capture.record.saved": gettext_lazy("Form saved"),
    "capture.second_entry.completed": gettext_lazy("Second entry completed"),
    "capture.second_entry.decided": gettext_lazy("Differences of two entries decided"),
    "capture.second_entry.saved": gettext_lazy("Second entry saved"),
    "casebook.printout.downloaded": gettext_lazy("Printout downloaded"),
    "casebook.printout.failed": gettext_lazy("Printout failed"),
    "casebook.printout.finished": gettext_lazy("Printout finished"),
    "casebook.printout.requested": gettext_lazy("Printout asked for"),
    "casebook.screening.exported": gettext_lazy("Screening log exported"),
    "casebook.trail.exported": gettext_lazy("Audit trail exported"),
    "dosing.trough.assessed": gettext_lazy("Level assessed"),
    "enrolment.completion.recorded": gettext_lazy("Completion recorded"),
    "enrolment.death.recorded": gettext_lazy("Death recorded"),
    "enrolment.departure.corrected": gettext_lazy("Leaving corrected"),
    "enrolment.enrolment.corrected": gettext_lazy("Day of enrolment corrected"),
    "enrolment.enrolment.taken_back": gettext_lazy("Enrolment taken back"),
    "enrolment.eligibility.confirmed": gettext_lazy("Eligibility confirmed"),
    "enrolment.lost.recorded": gettext_lazy("Loss to follow-up recorded"),
    "enrolment.off_treatment.recorded": gettext_lazy("End of treatment recorded"),
    "enrolment.screen_failure.recorded": gettext_lazy("Screen failure recorded"),
    "enrolment.subject.enrolled": gettext_lazy("Subject enrolled"),
    "enrolment.withdrawal.recorded": gettext_lazy("Withdrawal recorded"),
    "exports.export.downloaded": gettext_lazy("Export downloaded"),
    "exports.export.failed": gettext_lazy("Export failed"),
    "exports.export.finished": gettext_lazy("Export finished"),
    "exports.export.requested": gettext_lazy("Export asked for"),
    "labs.laboratory.opened": gettext_lazy("Laboratory set up"),
    "labs.ranges.set": gettext_lazy("Reference ranges set"),
    "notifications.mail.failed": gettext_lazy("Mail not sent"),
    "notifications.mail.sent": gettext_lazy("Mail sent"),
    "notifications.notice.read": gettext_lazy("Notice read"),
    "notifications.notice.written": gettext_lazy("Notice written"),
    "randomization.arm.allocated": gettext_lazy("Arm allocated"),
    "randomization.arm.unblinded": gettext_lazy("Arm disclosed in an emergency"),
    "randomization.list.discarded": gettext_lazy("Randomization list discarded"),
    "randomization.list.extended": gettext_lazy("Randomization list extended"),
    "randomization.list.running_low": gettext_lazy("Randomization list running low"),
    "randomization.list.sealed": gettext_lazy("Randomization list sealed"),
    "randomization.mistake.recorded": gettext_lazy("Wrong randomization recorded"),
    "randomization.scheme.downloaded": gettext_lazy("Revealed randomization downloaded"),
    "randomization.scheme.released": gettext_lazy("Randomization released"),
    "randomization.scheme.revealed": gettext_lazy("Randomization revealed"),
    "randomization.scheme.tried": gettext_lazy("Randomization tried in a dry run"),
    "randomization.subject.assigned": gettext_lazy("Only arm assigned"),
    "randomization.subject.randomized": gettext_lazy("Subject randomized"),
    "review.reading.opened": gettext_lazy("Images to be read"),
    "review.closing.waived": gettext_lazy("Close-out line let stand"),
    "review.deviation.closed": gettext_lazy("Deviation closed"),
    "review.deviation.confirmed": gettext_lazy("Deviation confirmed"),
    "review.deviation.described": gettext_lazy("Deviation described"),
    "review.deviation.dismissed": gettext_lazy("Deviation dismissed"),
    "review.deviation.proposed": gettext_lazy("Deviation proposed"),
    "review.deviation.reopened": gettext_lazy("Deviation opened again"),
    "review.deviation.reported": gettext_lazy("Deviation reported"),
    "review.deviation.withdrawn": gettext_lazy("Proposed deviation taken back"),
    "review.deviations.exported": gettext_lazy("Deviations exported"),
    "review.hold.frozen": gettext_lazy("Frozen by a reviewer"),
    "review.hold.locked": gettext_lazy("Locked by a reviewer"),
    "review.hold.released": gettext_lazy("Hold released"),
    "review.mark.given": gettext_lazy("Items reviewed"),
    "review.mark.withdrawn": gettext_lazy("Review taken back"),
    "review.monitoring.done": gettext_lazy("Monitoring visit done"),
    "review.monitoring.found": gettext_lazy("Finding of a monitoring visit"),
    "review.monitoring.planned": gettext_lazy("Monitoring visit planned"),
    "review.monitoring.settled": gettext_lazy("Action settled"),
    "review.signature.given": pgettext_lazy("in the audit trail", "Signed"),
    "safety.flag.acknowledged": gettext_lazy("Flag acknowledged"),
    "safety.flag.raised": gettext_lazy("Flag raised"),
    "safety.flag.resolved": gettext_lazy("Flag resolved"),
    "safety.grade.given": gettext_lazy("Result graded"),
    "studies.role.ended": gettext_lazy("Role ended"),
    "studies.role.granted": gettext_lazy("Role granted"),
    "studies.consent_version.added": gettext_lazy("Version of the consent form entered"),
    "studies.consent_version.withdrawn": gettext_lazy("Version of the consent form taken back"),
    "studies.site.created": gettext_lazy("Site opened"),
    "studies.site.updated": gettext_lazy("Site changed"),
    "studies.site_version.activated": gettext_lazy("Version in force at a site"),
    "studies.study.created": gettext_lazy("Study made"),
    "studies.version.published": gettext_lazy("Version published"),
    "subjects.identity.recorded": gettext_lazy("Entry of the identification list kept"),
    "subjects.identity.viewed": gettext_lazy("Identification list looked at"),
    "subjects.milestone.set": gettext_lazy("Dated fact recorded"),
    "subjects.screening.corrected": gettext_lazy("Day of screening corrected"),
    "subjects.status.corrected": gettext_lazy("Status corrected"),
    "subjects.status.changed": gettext_lazy("Status changed"),
    "subjects.subject.screened": gettext_lazy("Subject screened"),
    "subjects.subject.transferred": gettext_lazy("Subject transferred"),
    "visits.branch.opened": gettext_lazy("Visit opened by the data"),
    "visits.schedule.replanned": gettext_lazy("Visits planned anew"),
    "visits.visit.added": gettext_lazy("Visit added"),
    "visits.visit.booked": gettext_lazy("Visit booked"),
    "visits.visit.dated": gettext_lazy("Date of the visit recorded"),
    "visits.visit.missed": gettext_lazy("Visit missed"),
    "visits.visit.not_applicable": gettext_lazy("Visit not applicable"),
    "visits.visit.progressed": gettext_lazy("Visit went on"),
    "visits.visit.reopened": gettext_lazy("Visit planned again"),
    "visits.visit.skipped": gettext_lazy("Visit skipped"),
}
# names of what a change is about, where it is no item of a form
FIELDS: dict[str, str | Promise] = {
    "status": gettext_lazy("Status"),
    "hold": gettext_lazy("Hold"),
    "text": gettext_lazy("Text"),
    "actual": gettext_lazy("Took place"),
    "booked_on": gettext_lazy("Booked for"),
    "status_reason": gettext_lazy("Reason"),
    "meaning": gettext_lazy("Meaning"),
    "assigned_role": gettext_lazy("Waits for"),
    "due_on": gettext_lazy("Due on"),
    "filters": gettext_lazy("Filter"),
    "visit": gettext_lazy("Visit"),
    "site": gettext_lazy("Site"),
    "commitment": gettext_lazy("Commitment of the lists (SHA-256)"),
    "length": gettext_lazy("Places in each list"),
    "strata": gettext_lazy("Strata"),
    "live_at": gettext_lazy("Released at"),
    "revealed_at": gettext_lazy("Revealed at"),
    "category": gettext_lazy("Why the arm was needed"),
    "kind": gettext_lazy("Kind"),
    "code": gettext_lazy("Code"),
    "number": gettext_lazy("Subject number"),
    "previous": gettext_lazy("Screened before as"),
    "screened_on": gettext_lazy("Screened on"),
    "enrolled_on": gettext_lazy("Enrolled on"),
    "on": gettext_lazy("On"),
    "scope": gettext_lazy("What the withdrawal covers"),
    "version": gettext_lazy("Version"),
    "approved_on": gettext_lazy("Approved on"),
    "active_from": gettext_lazy("In force from"),
    "valid_from": gettext_lazy("In force from"),
    "label": gettext_lazy("Version"),
    "language": gettext_lazy("Language"),
    "again": gettext_lazy("To be signed again"),
    "withdrawn_at": gettext_lazy("Taken back at"),
    "time_zone": gettext_lazy("Time zone"),
    "subject_pattern": gettext_lazy("Pattern of subject numbers"),
    "cap": gettext_lazy("Most subjects of the site"),
}


@dataclass(frozen=True)
class Changed:
    """``code`` is the path as the ledger has it, for whoever wants to be exact."""

    label: str
    code: str
    old: str
    new: str


@dataclass(frozen=True)
class EventLine:
    """One event as the page and the file show it."""

    event: EventView
    action: str
    what: str
    changes: list[Changed]


@dataclass
class Speaker:
    """Says events of one page; what they speak of is read once for all of them."""

    visits: Mapping[int, SubjectVisit] = field(default_factory=dict)
    version_id: int | None = None

    @classmethod
    def of(cls, events: Iterable[EventView], version_id: int | None) -> "Speaker":
        """``version_id``: of the study, for events that name none. One statement."""
        wanted = {visit for event in events if isinstance(visit := event.details.get("visit"), int)}
        return cls(SubjectVisit.objects.in_bulk(wanted), version_id)

    def line(self, event: EventView) -> EventLine:
        return EventLine(event, action_name(event.action), self.what(event), self.changes(event))

    def what(self, event: EventView) -> str:
        """``01-001 · Screening · Demography``; the ledger's own label of what is no record of a form."""
        protocol, form = self._form(event)
        if form is None or protocol is None:
            return event.label
        parts = [event.label.split(" ", 1)[0]]
        visit = self.visits.get(event.details.get("visit") or 0)
        if visit is not None:
            parts.append(in_language(visit_label(protocol, visit)))
        repeat = event.details.get("repeat", 1)
        return " · ".join([*parts, said(protocol.forms[form].title) + (f" #{repeat}" if repeat and repeat > 1 else "")])

    def changes(self, event: EventView) -> list[Changed]:
        protocol, form = self._form(event)
        items = protocol.forms[form].items if protocol and form else {}
        changes = []
        for path, old, new in event.changes:
            item = items.get(item_of(path))
            if item is not None and "@" not in path:
                shown = tuple(shown_value(protocol, item, value) for value in (old, new))
                changes.append(Changed(said(item.definition.label), path, *shown))
            else:
                changes.append(Changed(_field(path), path, _plain(old), _plain(new)))
        return changes

    def _form(self, event: EventView) -> tuple[Protocol | None, str | None]:
        """The protocol of the record's version and the form's OID; None where the version does not have the form."""
        version, form = event.details.get("version") or self.version_id, event.details.get("form")
        if not isinstance(version, int) or not isinstance(form, str):
            return None, None
        protocol = get_protocol(version)
        return (protocol, form) if form in protocol.forms else (None, None)


def action_name(action: str) -> str:
    return str(ACTIONS.get(action, action))


def _field(path: str) -> str:
    if path.endswith("/"):
        return _("Lines of %(group)s") % {"group": path[:-1]}
    return str(FIELDS.get(path) or FACTS.get(path) or path)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(part)}" for key, part in value.items())
    return ", ".join(_plain(one) for one in value) if isinstance(value, list) else str(value)
