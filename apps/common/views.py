from django.shortcuts import render

from apps.common.resend import fields_to_resend


def csrf_failure(request, reason=""):
    """A page left open over a new sign-in: the values come back with a fresh token, to be sent again by the person."""
    return render(request, "403_csrf.html", {"reason": reason, **fields_to_resend(request)}, status=403)


def server_error(request):
    """The last resort: a page that needs no database, with the number that stands in the log."""
    return render(request, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500)
