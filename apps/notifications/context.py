"""What waits in one's inbox, for the frame of every page. Lazy: a fragment that draws no frame costs no query."""

from django.utils.functional import SimpleLazyObject

from apps.notifications.selectors import unread_count


def inbox(request):
    return {"inbox_count": SimpleLazyObject(lambda: count_for(request))}


def count_for(request) -> int:
    user = getattr(request, "user", None)
    return unread_count(request.actor) if user is not None and user.is_authenticated else 0
