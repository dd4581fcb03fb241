"""How long a session lasts while nobody does anything, and the cookie of the language."""

import time

from django.conf import settings

SEEN = "seen"  # key in the session: second of the last activity that was written down


def seconds_left(session) -> int:
    """Seconds until the session ends if nothing is done; errs on the short side by up to a minute."""
    return max(0, session.get(SEEN, 0) + settings.SESSION_COOKIE_AGE - int(time.time()))


def set_language_cookie(response, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
