from django.shortcuts import render


def csrf_failure(request, reason=""):
    """A page left open too long: the typed values stay in the browser, and a reload gives a fresh token."""
    return render(request, "403_csrf.html", {"reason": reason}, status=403)
