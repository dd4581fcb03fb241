"""What every page's frame needs and no app owns."""

from django.conf import settings


def frame(request):
    return {
        "request_id": getattr(request, "request_id", ""),
        "session_idle_minutes": settings.SESSION_IDLE_MINUTES,
        "is_demo": settings.DEMO,
    }
