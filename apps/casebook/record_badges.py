"""What safety and dosing concluded, beside the item that it is about: the CTCAE grade, and how a level stands."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.capture.places import RecordPlace
from apps.common.actors import Actor
from apps.common.text import in_language
from apps.common.units import unit_words
from apps.dosing.models import TroughAssessment
from apps.dosing.selectors import assessment_of
from apps.dosing.services import level_item
from apps.safety.models import Grade
from apps.safety.selectors import grades_of_record
from apps.studies.protocol import get_protocol

TONES = {None: "neutral", 0: "ok", 1: "info", 2: "attention", 3: "problem", 4: "problem"}
VERDICT_TONES: dict[str, str] = {
    TroughAssessment.Verdict.IN_RANGE: "ok",
    TroughAssessment.Verdict.ABOVE: "problem",
    TroughAssessment.Verdict.BELOW: "attention",
}


def badges_of(actor: Actor, place: RecordPlace) -> dict[str, list[SafeString]]:
    """Item OID → badges. Nothing before the first save; a level's verdict only for those who may know the arm."""
    record = place.record
    if record is None or record.pk is None:
        return {}
    badges = {oid: [_grade(grade)] for oid, grade in grades_of_record(record).items()}
    item = level_item(get_protocol(record.version_id), record.form_oid)
    found = assessment_of(actor, place.study, record) if item else None
    if item and found:
        badges.setdefault(item.oid, []).append(_verdict(found))
    return badges


def _grade(grade: Grade) -> SafeString:
    words = _("Not gradable") if grade.grade is None else _("Grade %(grade)s") % {"grade": grade.grade}
    title = f"CTCAE v{grade.ctcae_version}: {grade.reason}"
    if grade.low is not None or grade.high is not None:
        title += f" ({_plain(grade.low)}–{_plain(grade.high)} {unit_words(grade.unit)})"
    return _badge(TONES[grade.grade], words, title)


def _verdict(found: TroughAssessment) -> SafeString:
    return _badge(VERDICT_TONES.get(found.verdict, "neutral"), found.get_verdict_display(), in_language(found.reason))


def _plain(limit) -> str:
    return "" if limit is None else f"{limit.normalize():f}"


def _badge(tone: str, words: str, title: str) -> SafeString:
    return format_html(
        '<span class="badge tone-{}" title="{}" tabindex="0">{}<span class="visually-hidden">: {}</span></span>',
        tone,
        title,
        words,
        title,
    )
