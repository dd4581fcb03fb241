"""What the dates of a subject say about the protocol: visits out of their window or missed, and what came before consent
or before the allocation. Decided anew whenever a date changes, so that a correction takes the proposal back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from apps.capture.wording import bilingual
from apps.common.actors import Actor
from apps.common.text import day_in_words
from apps.review.models import Deviation
from apps.review.services.deviations import propose_deviation, withdraw_proposal
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of
from apps.visits.models import SubjectVisit
from apps.visits.selectors import days_out_of_window

Kind = Deviation.Kind


@dataclass(frozen=True)
class Seen:
    """One occasion, and what is wrong about it now; ``text`` None: nothing is."""

    kind: str
    occasion: str
    text: dict[str, str] | None
    on: date | None = None
    visit: SubjectVisit | None = None
    audience: str = ""


def propose_from_dates(actor: Actor, subject: Subject) -> list[Deviation]:
    """Propose what the subject's dates show, take back what they no longer show; returns what changed."""
    changed = []
    known = set(Deviation.objects.filter(subject=subject).exclude(occasion="").values_list("occasion", flat=True))
    for seen in [*_visits(subject), *_facts(subject)]:
        if seen.text is not None:
            changed.append(
                propose_deviation(
                    actor,
                    subject,
                    kind=seen.kind,
                    occasion=seen.occasion,
                    text=seen.text,
                    happened_on=seen.on,
                    visit=seen.visit,
                    audience=seen.audience,
                )
            )
        elif seen.occasion in known:
            changed.append(withdraw_proposal(actor, subject, seen.occasion))
    return [deviation for deviation in changed if deviation is not None]


def _visits(subject: Subject) -> Iterator[Seen]:
    consent = milestones_of(subject).first("consent")
    for visit in SubjectVisit.objects.filter(subject=subject).order_by("pk"):
        visit.subject = subject
        yield Seen(Kind.WINDOW, f"window:{visit.pk}", _window_text(visit), visit.actual or visit.latest, visit)
        early = visit.actual is not None and consent is not None and visit.actual < consent
        yield Seen(
            Kind.CONSENT, f"consent:{visit.pk}", _consent_text(visit, consent) if early else None, visit.actual, visit
        )


def _window_text(visit: SubjectVisit) -> dict[str, str] | None:
    if visit.status == SubjectVisit.Status.MISSED:
        return bilingual(lambda: _("Visit %(visit)s was missed.") % {"visit": visit})
    out = days_out_of_window(visit) if visit.actual else 0
    if not out:
        return None
    return bilingual(
        lambda: (
            _("Visit %(visit)s took place on %(on)s, %(days)s days outside its window.")
            % {"visit": visit, "on": day_in_words(visit.actual) if visit.actual else "", "days": abs(out)}
        )
    )


def _consent_text(visit: SubjectVisit, consent: date | None) -> dict[str, str]:
    return bilingual(
        lambda: (
            _("Visit %(visit)s took place on %(on)s, before the consent of %(consent)s.")
            % {
                "visit": visit,
                "on": day_in_words(visit.actual) if visit.actual else "",
                "consent": day_in_words(consent) if consent else "",
            }
        )
    )


def _facts(subject: Subject) -> Iterator[Seen]:
    """The first dose before the consent, or before the allocation that the protocol wants first."""
    dates = milestones_of(subject)
    dose = dates.first("first_dose")
    for fact, kind in (("consent", Kind.CONSENT), ("randomization", Kind.DOSE)):
        other = dates.first(fact)
        is_early = dose is not None and other is not None and dose < other
        text = _dose_text(fact, dose, other) if is_early and dose and other else None
        yield Seen(kind, f"first_dose:{subject.pk}:{fact}", text, dose, audience="unblinded")


def _dose_text(fact: str, dose: date, other: date) -> dict[str, str]:
    def say() -> str:
        days = {"dose": day_in_words(dose), "other": day_in_words(other)}
        if fact == "consent":
            return _("The first dose, of %(dose)s, is before the consent of %(other)s.") % days
        return _("The first dose, of %(dose)s, is before the randomization of %(other)s.") % days

    return bilingual(say)
