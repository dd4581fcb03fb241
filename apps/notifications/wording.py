"""What notices say. A mail holds the subject's number and a link: no clinical value, no visit name, no arm."""

from collections.abc import Callable
from datetime import date

from django.utils import translation
from django.utils.translation import gettext as _

from apps.common.text import day_in_words, in_language


def visit_due(number: str, day: date) -> tuple[str, str]:
    return (
        _("Visit due: subject %(number)s") % {"number": number},
        _("A visit of subject %(number)s is planned for %(day)s.") % {"number": number, "day": day_in_words(day)},
    )


def visit_overdue(number: str, day: date) -> tuple[str, str]:
    return (
        _("Visit overdue: subject %(number)s") % {"number": number},
        _("The window of a visit of subject %(number)s ended on %(day)s and the visit has not been entered.")
        % {"number": number, "day": day_in_words(day)},
    )


def window_closing(number: str, day: date) -> tuple[str, str]:
    return (
        _("Window closing: subject %(number)s") % {"number": number},
        _("The window of a visit of subject %(number)s ends on %(day)s and the visit has not been entered.")
        % {"number": number, "day": day_in_words(day)},
    )


def form_incomplete(number: str, day: date) -> tuple[str, str]:
    return (
        _("Form not complete: subject %(number)s") % {"number": number},
        _("A form of the visit of %(day)s of subject %(number)s was begun and is not complete.")
        % {"number": number, "day": day_in_words(day)},
    )


def query_unanswered(number: str, day: date) -> tuple[str, str]:
    return (
        _("Query unanswered: subject %(number)s") % {"number": number},
        _("A query about subject %(number)s has waited for an answer since %(day)s.")
        % {"number": number, "day": day_in_words(day)},
    )


def reconsent_due(number: str, day: date) -> tuple[str, str]:
    return (
        _("Re-consent due: subject %(number)s") % {"number": number},
        _("A new version of the consent form applies since %(day)s; subject %(number)s has not signed it.")
        % {"number": number, "day": day_in_words(day)},
    )


def flag_raised(number: str) -> tuple[str, str]:
    return (
        _("New flag: subject %(number)s") % {"number": number},
        _("A flag was raised for subject %(number)s. Open the flag board to see it.") % {"number": number},
    )


def subject_randomized(number: str) -> tuple[str, str]:
    return (
        _("Subject randomized: %(number)s") % {"number": number},
        _("Subject %(number)s was randomized. Who may see the arm finds it on the subject's page.") % {"number": number},
    )


def list_running_low(study: str) -> tuple[str, str]:
    return (
        _("Randomization list running low: %(study)s") % {"study": study},
        _("A fifth of a stratum's list is left. Extend the lists before they run out."),
    )


def arm_unblinded(number: str, name: str) -> tuple[str, str]:
    return (
        _("Emergency unblinding: subject %(number)s") % {"number": number},
        _("%(name)s learned the treatment of subject %(number)s in an emergency. This message does not say which it is.")
        % {"name": name, "number": number},
    )


def export_finished(done: bool) -> tuple[str, str]:
    if done:
        return _("Your export is ready"), _("The export that you asked for can be downloaded.")
    return _("Your export failed"), _("The export that you asked for could not be made. The page says why.")


def in_words_of(language: str, say: Callable[..., tuple[str, str]], *args) -> tuple[str, str]:
    """Title and body in the given language, whatever the worker's own is."""
    with translation.override(language):
        return say(*args)


def study_line(language: str, title: dict) -> str:
    with translation.override(language):
        return in_language(title)


def footer(language: str, link: str) -> str:
    with translation.override(language):
        return _("Open it here (sign-in needed): %(link)s") % {"link": link}
