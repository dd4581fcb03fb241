from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language

from apps.common.resend import fields_to_resend


def csrf_failure(request, reason=""):
    """A page left open over a new sign-in: the values come back with a fresh token, to be sent again by the person."""
    return render(request, "403_csrf.html", {"reason": reason, **fields_to_resend(request)}, status=403)


def server_error(request):
    """The last resort: a page that asks neither the database nor the session, with the number that stands in the log."""
    context = {"request_id": getattr(request, "request_id", ""), "LANGUAGE_CODE": get_language()}
    return HttpResponse(render_to_string("500.html", context), status=500)
