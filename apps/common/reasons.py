"""Every step that undoes, stops or moves something says why."""

from django.utils.translation import gettext as _

from apps.common.errors import DomainError

REASON_MAX = 1000


def need_reason(reason: str) -> str:
    """The reason without blanks around it; DomainError where there is none, or more than a reason."""
    words = reason.strip()
    if not words or len(words) > REASON_MAX or "\0" in words:
        raise DomainError(
            _("Say why, in at most %(limit)s characters.") % {"limit": REASON_MAX}, code="reason_missing", item="reason"
        )
    return words
