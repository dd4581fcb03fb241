"""One's own account, the session, and the operator's page."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import services
from apps.accounts.forms import AccountForm, LanguageForm, ReasonForm
from apps.accounts.selectors import accounts_visible_to, get_account_for, queue_state
from apps.accounts.sessions import seconds_left, set_language_cookie
from apps.common.errors import DomainError
from apps.common.pages import keyset_page


@login_not_required
@require_POST
def language(request):
    """The language of the pages: in a cookie, and with the account for mails and the next sign-in."""
    form = LanguageForm(request.POST)
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = redirect(target)
    if form.is_valid():
        set_language_cookie(response, form.cleaned_data["language"])
        if request.user.is_authenticated:
            services.change_language(request.actor, request.user, form.cleaned_data["language"])
    return response


def _state(request) -> JsonResponse:
    signed_in = request.user.is_authenticated
    state = {"signed_in": signed_in}
    if signed_in:
        state |= {"person": request.user.pk, "seconds": seconds_left(request.session), "csrf": get_token(request)}
    return JsonResponse(state)


@login_not_required
@never_cache
@require_GET
def session(request):
    """How long the session lasts, without prolonging it; a fresh token, for a page older than the sign-in."""
    return _state(request)


@login_not_required
@never_cache
@require_POST
def extend(request):
    """The person is still here."""
    if request.user.is_authenticated:
        services.prolong_session(request.actor, request.session)
    return _state(request)


def signed_in(request):
    """Where a sign-in beside an open page ends: close this tab, go on there."""
    return render(request, "accounts/signed_in.html")


def profile(request):
    context = {"has_second_factor": is_mfa_enabled(request.user)}
    return render(request, "accounts/profile.html", context)


def email(request):
    """An address is part of the identity: the operator changes it, not the person."""
    messages.info(request, _("The operator of the server changes the e-mail address of an account."))
    return redirect("accounts:profile")


def second_factor(request):
    if is_mfa_enabled(request.user):
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/second_factor.html")


STATES = ("active", "invited", "inactive")


def operator(request):
    """Accounts and the state of the server, for the operator; no study data."""
    search, state = request.GET.get("q", "")[:100], request.GET.get("state", "")
    accounts = accounts_visible_to(request.actor, search=search, state=state if state in STATES else "")
    page = keyset_page(accounts, request.GET, key="username")
    context = {"page": page, "search": search, "state": state, "queues": queue_state(request.actor)}
    return render(request, "accounts/operator.html", context)


def create_account(request):
    accounts_visible_to(request.actor)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.create_account(request.actor, **form.cleaned_data)
        except DomainError as error:
            form.add_error(error.item, error.message)
        else:
            messages.success(request, _("%(name)s gets a mail with a link to set the password.") % {"name": user})
            return redirect("accounts:operator")
    return render(request, "accounts/create_account.html", {"form": form}, status=422 if form.errors else 200)


ACTIONS: dict[str, Callable] = {
    "deactivate": services.deactivate_account,
    "reactivate": services.reactivate_account,
    "reset": services.reset_second_factor,
    "invite": services.invite_again,
}


def account(request, username):
    user = get_account_for(request.actor, username)
    form = ReasonForm(request.POST or None)
    service = ACTIONS.get(request.POST.get("action"))
    if request.method == "POST" and service and form.is_valid():
        try:
            service(request.actor, user, reason=form.cleaned_data["reason"])
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Done."))
            return redirect("accounts:account", username)
    context = {"account": user, "form": form, "has_second_factor": is_mfa_enabled(user)}
    return render(request, "accounts/account.html", context, status=422 if form.errors else 200)
