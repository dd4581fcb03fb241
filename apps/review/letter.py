"""The letter to the site after a monitoring visit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from apps.common.pdf import BODY, FADED, HEADING, SMALL, STRONG, TITLE, Box, space, table, words
from apps.common.permissions import Role
from apps.common.text import day_in_words, in_language
from apps.review.models import Finding, MonitoringVisit
from apps.subjects.models import Subject


@dataclass(frozen=True)
class Letter:
    visit: MonitoringVisit
    subjects: Sequence[Subject]
    findings: Sequence[Finding]
    items: int

    @property
    def title(self) -> str:
        return _("Letter after a monitoring visit")

    def __iter__(self) -> Iterator[Flowable]:
        visit = self.visit
        yield words(self.title, TITLE)
        until = f" – {day_in_words(visit.until)}" if visit.until and visit.until != visit.on else ""
        facts = [
            (_("Study"), in_language(visit.study.title)),
            (_("Site"), str(visit.site)),
            (_("Kind"), str(visit.get_kind_display())),
            (_("Day"), day_in_words(visit.on) + until),
            (_("Monitors"), visit.monitors),
            (_("Subjects looked at"), ", ".join(subject.number for subject in self.subjects) or "–"),
            (_("Items verified"), str(self.items)),
        ]
        yield table([[words(name, STRONG), value] for name, value in facts], [1, 3])
        yield words(_("Summary"), HEADING)
        yield words(visit.summary or "–", BODY)
        yield words(_("Findings"), HEADING)
        yield from self._found()
        yield space(10)
        yield table(
            [[words(name), Box(80 * mm, 8 * mm, is_line=True)] for name in (_("Monitor"), _("Investigator"))], [1, 3]
        )

    def _found(self) -> Iterator[Flowable]:
        if not self.findings:
            yield words(_("Nothing was found."), FADED)
            return
        head = [
            words(name, STRONG) for name in (_("Subject"), _("What is to be done"), _("Waits for"), _("Due on"), _("State"))
        ]
        rows: list[list[Any]] = [head]
        for one in self.findings:
            state = one.query.get_status_display() if one.query else one.get_state_display()
            role = str(Role(one.assigned_role).label) if one.assigned_role in Role.values else one.assigned_role
            text = f"{one.text}\n{one.done_how}" if one.done_how else one.text
            rows.append(
                [one.subject.number if one.subject else "–", text, role, words(day_in_words(one.due_on), SMALL), state]
            )
        yield table(rows, [1, 4, 1.5, 1.3, 1], head=True)
