"""What the dates of a subject say about the protocol: visits out of their window or missed, what came before consent or
before the allocation, what was entered without a valid consent. Decided anew whenever a date changes, so that a correction
takes the proposal back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from apps.capture.consents import day_of_data, entered_on
from apps.capture.models import FormRecord
from apps.capture.wording import bilingual
from apps.common.actors import Actor
from apps.common.text import day_in_words
from apps.review.models import Deviation
from apps.review.services.deviations import propose_deviation, withdraw_proposal
from apps.rules import PartialDate, typed
from apps.studies.protocol import CompiledForm, Protocol, protocol_for_site
from apps.studies.wording import said
from apps.subjects.consent import GIVEN, Consent, ConsentForm, Standing, consent_on, form_on, forms_of
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
    return _decide(actor, subject, [*_visits(subject), *_facts(subject)])


def propose_from_consent(actor: Actor, subject: Subject) -> list[Deviation]:
    """Records that were entered for a day without a valid consent, and consents that were signed on another version."""
    return _decide(actor, subject, list(_consents(subject)))


def _decide(actor: Actor, subject: Subject, found: list[Seen]) -> list[Deviation]:
    changed = []
    known = set(Deviation.objects.filter(subject=subject).exclude(occasion="").values_list("occasion", flat=True))
    for seen in found:
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


def _consents(subject: Subject) -> Iterator[Seen]:
    """Scheduled visits are refused without a consent; what is never refused is looked at here."""
    protocol = protocol_for_site(subject.site)
    facts, forms = milestones_of(subject), forms_of(subject.site.consent_forms)
    records = FormRecord.objects.filter(subject=subject).exclude(status=FormRecord.Status.NOT_DONE)
    for record in records.select_related("visit").order_by("pk"):
        form = protocol.forms.get(record.form_oid)
        if form is None:
            continue
        actual = record.visit.actual if record.visit else None
        day = day_of_data(form, record.data, actual, entered_on(subject.site, record))
        if any(item.definition.milestone in GIVEN for item in form.items.values()):
            text = None if record.inactive else _version_text(protocol, form, record, forms)
            yield Seen(Kind.CONSENT, f"consent_version:{record.pk}", text, day)
        elif record.visit is None or protocol.visits[record.visit.code].kind != "scheduled":
            consent = consent_on(day, facts, forms)
            text = None if consent.is_valid or record.inactive else _record_text(form, day, consent)
            audience = "unblinded" if form.oid in protocol.hidden_from_blinded else ""
            yield Seen(Kind.CONSENT, f"consent_record:{record.pk}", text, day, audience=audience)


def _record_text(form: CompiledForm, day: date, consent: Consent) -> dict[str, str]:
    def say() -> str:
        words = {"form": said(form.title), "day": day_in_words(day)}
        if consent.since is None:
            return _("%(form)s of %(day)s was entered without a consent.") % words
        words["since"] = day_in_words(consent.since)
        if consent.standing == Standing.WITHDRAWN:
            return _("%(form)s of %(day)s is of a day after consent was withdrawn on %(since)s.") % words
        return _("%(form)s of %(day)s was entered without the re-consent that is due since %(since)s.") % words

    return bilingual(say)


def _version_text(
    protocol: Protocol, form: CompiledForm, record: FormRecord, forms: list[ConsentForm]
) -> dict[str, str] | None:
    """What was signed, where it is not the version in force on the day of signing; a longer text that names it will do."""
    plan = protocol.definition.consent
    items = [oid for oid in plan.versions if oid in form.items] if plan else []
    signed = next((str(record.data[oid]) for oid in items if isinstance(record.data.get(oid), str)), "")
    days = [item.oid for item in form.items.values() if item.definition.milestone in GIVEN]
    on = next(
        (found for oid in days if isinstance(found := typed(form.items[oid].kind, record.data.get(oid)), PartialDate)), None
    )
    wanted = form_on(on.earliest, forms) if on is not None and on.is_full else []
    if not signed or not wanted or any(one.label.casefold() in signed.casefold() for one in wanted):
        return None
    labels = ", ".join(sorted({one.label for one in wanted}))
    return bilingual(
        lambda: (
            _("Version %(signed)s of the consent form was signed on %(on)s; in force was %(wanted)s.")
            % {"signed": signed, "on": day_in_words(on.earliest) if on else "", "wanted": labels}
        )
    )


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
