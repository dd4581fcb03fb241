"""What waits in one's inbox, for the frame of every page. Lazy: a fragment that draws no frame costs no query."""

from django.utils.functional import SimpleLazyObject

from apps.notifications.selectors import unread_count


def inbox(request):
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {"inbox_count": SimpleLazyObject(lambda: unread_count(request.actor)) if signed_in else 0}
