"""Re-authentication for a signature: password, and the code where there is an authenticator app."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from apps.accounts.forms import ConfirmIdentityForm
from apps.accounts.services import confirm_identity
from apps.common.errors import DomainError
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_second_factor import SECRET, code


@pytest.fixture
def request_of(rf):
    def make(user=None):
        request = rf.post("/sign/")
        request.user, request.session, request.request_id = user or AnonymousUser(), SessionStore(), "r" * 16
        AxesProxyHandler.update_request(request)
        request.axes_attempt_time = timezone.now()
        return request

    return make


def refused(request, password, otp=""):
    with pytest.raises(DomainError) as error:
        confirm_identity(request, password, otp)
    return error.value.code


def test_it_works(request_of, person):
    assert confirm_identity(request_of(person), PASSWORD) is None


def test_wrong_password(request_of, person):
    assert refused(request_of(person), "wrong") == "wrong_password"
    assert refused(request_of(person), "") == "wrong_password"


def test_code_is_needed_where_there_is_an_app(request_of, person):
    TOTP.activate(person, SECRET)
    assert refused(request_of(person), PASSWORD) == "wrong_code"
    assert refused(request_of(person), PASSWORD, "000000") == "wrong_code"
    confirm_identity(request_of(person), PASSWORD, code())


def test_failures_count_and_lock_without_ending_the_session(request_of, person, client):
    for _ in range(5):
        request = request_of(person)
        refused(request, "wrong")
        assert not request.axes_locked_out
    assert refused(request_of(person), PASSWORD) == "locked_out"
    assert client.post("/account/login/", {"login": "li.na", "password": PASSWORD}).status_code == 429


def test_success_forgets_earlier_failures(request_of, person):
    for _ in range(2):
        for _ in range(4):
            refused(request_of(person), "wrong")
        confirm_identity(request_of(person), PASSWORD)


def test_form_says_what_was_wrong_at_its_field(request_of, person):
    assert "otp" not in ConfirmIdentityForm(request_of(person)).fields
    form = ConfirmIdentityForm(request_of(person), {"password": "wrong"})
    assert not form.is_valid() and "password" in form.errors
    assert ConfirmIdentityForm(request_of(person), {"password": PASSWORD}).is_valid()
