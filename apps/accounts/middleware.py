"""Who asks, whether the session still lives, and whether the second factor that is required is there."""

import time

import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject

from apps.accounts.sessions import SEEN
from apps.common.actors import Actor
from apps.common.resend import fields_to_resend

WRITE_EVERY = 60  # seconds; a session row is written once a minute at most
NOT_ACTIVITY = {"accounts:session"}  # asking how long the session lasts does not prolong it


class ActorMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.actor = SimpleLazyObject(lambda: actor_of(request))
        return self.get_response(request)


def actor_of(request) -> Actor:
    """The actor of the request; an anonymous one (id 0) may see and do nothing."""
    user = request.user
    if user.is_authenticated:
        structlog.contextvars.bind_contextvars(user_id=user.pk)
    return Actor(
        user_id=user.pk or 0,
        name=user.get_full_name() if user.is_authenticated else "",
        address=request.META.get("REMOTE_ADDR", ""),
        request_id=request.request_id,
        language=getattr(request, "LANGUAGE_CODE", "en"),
        memory={},
    )


class IdleMiddleware:
    """Prolongs the session while somebody works. Activity is written down once a minute, not at every request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if request.resolver_match.view_name not in NOT_ACTIVITY and request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(SEEN, 0) >= WRITE_EVERY:
                request.session[SEEN] = now


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Every page wants a signed-in person, but those marked with Django's ``login_not_required``.

    A page asks to sign in; a request of the page's script gets 401 (``session.js`` offers to sign in beside the page);
    a form that was sent after the session ended comes back with everything that was typed.
    """

    def handle_no_permission(self, request, view_func):
        if request.headers.get("HX-Request") or request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"code": "signed_out"}, status=401)
        if request.method == "POST":
            return render(request, "accounts/continue.html", fields_to_resend(request), status=401)
        return super().handle_no_permission(request, view_func)


class SecondFactorMiddleware:
    """Nothing else is possible until the second factor that is required of the person is set up."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        user = request.user
        if not user.is_authenticated or not user.mfa_required or request.session.get("second_factor"):
            return None
        if is_mfa_enabled(user):
            request.session["second_factor"] = True  # it cannot be taken away again: SecondFactorAdapter
            return None
        name = request.resolver_match.view_name or ""
        if name.startswith(("mfa_", "account_")) or name in ALWAYS_OPEN:
            return None
        return redirect("accounts:second_factor")


ALWAYS_OPEN = {
    "accounts:language",
    "accounts:session",
    "accounts:extend",
    "accounts:second_factor",
    "accounts:signed_in",
    "healthz",
    "readyz",
}
