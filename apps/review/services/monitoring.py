"""Monitoring visits: planned, done; what was found becomes a query at an item or an action by a day."""

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Change, Entry, ledger
from apps.capture.locks import join_writers
from apps.capture.models import FormRecord, Query
from apps.capture.permissions import ANSWER_QUERY
from apps.capture.services import open_query
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.review.models import Finding, MonitoringVisit
from apps.review.permissions import DO_ACTION, MONITOR_SITE
from apps.studies.access import require
from apps.studies.models import Site
from apps.studies.protocol import site_today
from apps.subjects.models import Subject

TEXT_MAX = 4000


def plan_monitoring(actor: Actor, site: Site, *, kind: str, on: dt.date, monitors: str) -> MonitoringVisit:
    """A visit to a site on a day, planned or past."""
    require(actor, MONITOR_SITE, study_id=site.study_id, site_id=site.pk)
    if kind not in MonitoringVisit.Kind.values:
        raise DomainError(_("Choose a kind of visit."), code="unknown_kind", item="kind")
    names = _words(monitors, "monitors")
    with ledger(actor, site.study_id) as entry:
        visit = MonitoringVisit.objects.create(study_id=site.study_id, site=site, kind=kind, on=on, monitors=names)
        _tell(entry, visit, "planned", [("on", None, on), ("kind", None, kind), ("monitors", None, names)])
    return visit


def finish_monitoring(
    actor: Actor, visit: MonitoringVisit, *, until: dt.date, summary: str, subjects: list[Subject]
) -> MonitoringVisit:
    """The visit took place: until when, which subjects were looked at, and what is to be said of it.

    Refused: a day in the future or before the visit's first, a subject of another site.
    """
    require(actor, MONITOR_SITE, study_id=visit.study_id, site_id=visit.site_id)
    words = _words(summary, "summary")
    if until < visit.on or until > site_today(visit.site):
        raise DomainError(_("The last day lies before the first, or in the future."), code="days", item="until")
    if any(subject.site_id != visit.site_id for subject in subjects):
        raise DomainError(_("The subject is at another site."), code="other_site", item="subjects")
    with ledger(actor, visit.study_id) as entry:
        visit = MonitoringVisit.objects.select_for_update(of=("self",)).select_related("site").get(pk=visit.pk)
        before = visit.state
        visit.until, visit.summary, visit.state = until, words, MonitoringVisit.State.DONE
        visit.save(update_fields=["until", "summary", "state"])
        visit.subjects.set(subjects)
        numbers = ", ".join(sorted(subject.number for subject in subjects))
        changes = [
            ("state", before, visit.state),
            ("until", None, until),
            ("subjects", None, numbers),
            ("text", None, words),
        ]
        _tell(entry, visit, "done", changes)
    return visit


def add_action(
    actor: Actor,
    visit: MonitoringVisit,
    *,
    text: str,
    assigned_role: str,
    due_on: dt.date,
    subject: Subject | None = None,
) -> Finding:
    """Something that a role is to do by a day."""
    require(actor, MONITOR_SITE, study_id=visit.study_id, site_id=visit.site_id)
    words = _words(text, "text")
    if assigned_role not in ANSWER_QUERY.roles:
        raise DomainError(_("An action is asked of a role that can do it."), code="role", item="assigned_role")
    if due_on < site_today(visit.site):
        raise DomainError(_("It cannot be due before today."), code="due", item="due_on")
    with ledger(actor, visit.study_id) as entry:
        finding = Finding.objects.create(
            study_id=visit.study_id, visit=visit, subject=subject, text=words, assigned_role=assigned_role, due_on=due_on
        )
        _tell(
            entry, visit, "found", [("text", None, words), ("assigned_role", None, assigned_role), ("due_on", None, due_on)]
        )
    return finding


def add_query_finding(
    actor: Actor, visit: MonitoringVisit, record: FormRecord, *, item_oid: str, line_key: str, text: str, due_on: dt.date
) -> Finding:
    """A finding at an item: a query of verification, which the site answers where it answers all others."""
    require(actor, MONITOR_SITE, study_id=visit.study_id, site_id=visit.site_id)
    if record.subject.site_id != visit.site_id:
        raise DomainError(_("The subject is at another site."), code="other_site", item="subject")
    with ledger(actor, visit.study_id) as entry:
        join_writers(visit.study_id)
        query = open_query(
            actor,
            record,
            text=text,
            item_oid=item_oid,
            line_key=line_key,
            due_on=due_on,
            kind=Query.Kind.VERIFICATION,
        )
        finding = Finding.objects.create(
            study_id=visit.study_id,
            visit=visit,
            subject=record.subject,
            query=query,
            text=query.text["en"],
            assigned_role=query.assigned_role,
            due_on=due_on,
        )
        _tell(entry, visit, "found", [("text", None, finding.text), ("due_on", None, due_on)])
    return finding


def do_action(actor: Actor, finding: Finding, *, how: str) -> Finding:
    """The action is done, and how. A finding that is a query is settled by its query."""
    visit = finding.visit
    require(actor, DO_ACTION, study_id=visit.study_id, site_id=visit.site_id)
    words = _words(how, "how")
    with ledger(actor, visit.study_id) as entry:
        finding = Finding.objects.select_for_update(of=("self",)).select_related("visit__site").get(pk=finding.pk)
        if finding.query_id is not None or finding.state == Finding.State.DONE:
            raise DomainError(_("There is nothing to settle here."), code="action_state")
        finding.state, finding.done_how = Finding.State.DONE, words
        finding.done_by_name, finding.done_at = actor.name, timezone.now()
        finding.save(update_fields=["state", "done_how", "done_by_name", "done_at"])
        _tell(entry, finding.visit, "settled", [("text", finding.text, words)])
    return finding


def _tell(entry: Entry, visit: MonitoringVisit, step: str, changes: Sequence[Change]) -> None:
    entry(
        action=f"review.monitoring.{step}",
        obj=visit,
        label=str(visit),
        site_id=visit.site_id,
        changes=changes,
    )


def _words(text: str, item: str) -> str:
    words = text.strip()
    if not words or len(words) > TEXT_MAX or "\0" in words:
        raise DomainError(
            _("A text of at most %(limit)s characters is needed.") % {"limit": TEXT_MAX}, code="text_required", item=item
        )
    return words
