"""Turns the signed-in person into the actor that services take."""

import structlog
from django.utils.functional import SimpleLazyObject

from apps.common.actors import Actor


class ActorMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.actor = SimpleLazyObject(lambda: actor_of(request))
        return self.get_response(request)


def actor_of(request) -> Actor:
    """The actor of the request; an anonymous one may see and do nothing."""
    user = request.user
    if user.is_authenticated:
        structlog.contextvars.bind_contextvars(user_id=user.pk)
    return Actor(
        user_id=user.pk or 0,
        name=user.get_full_name() if user.is_authenticated else "",
        address=request.META.get("REMOTE_ADDR", ""),
        request_id=request.request_id,
        language=getattr(request, "LANGUAGE_CODE", "en"),
    )
