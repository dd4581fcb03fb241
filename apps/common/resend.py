"""A form that could not be taken comes back whole, to be sent again.

Only to the browser that typed it: the values are offered again where the browser says that the form came from our own
page (``Origin``), never for a form that another site made up.
"""

SECRETS = {"csrfmiddlewaretoken", "password", "password1", "password2", "oldpassword", "otp", "code", "credential"}


def came_from_our_page(request) -> bool:
    origin = request.headers.get("Origin")
    return origin == f"{request.scheme}://{request.get_host()}"


def fields_to_resend(request) -> dict:
    """Context of ``common/_resend.html``: where to, the fields (no secrets), and whether a file must be chosen again."""
    if not came_from_our_page(request):
        return {"resend_to": "", "resend_fields": [], "resend_files": []}
    fields = [(name, value) for name, values in request.POST.lists() if name not in SECRETS for value in values]
    return {
        "resend_to": request.get_full_path(),
        "resend_fields": fields,
        "resend_files": sorted(upload.name for upload in request.FILES.values()),
        "resend_secrets": bool(SECRETS & request.POST.keys() - {"csrfmiddlewaretoken"}),
    }
