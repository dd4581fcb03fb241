"""The second factor: set up before anything else where it is required, asked for at sign-in, never taken away."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from apps.accounts import services
from apps.accounts.models import User
from apps.audit.models import Event
from apps.common.actors import SYSTEM, Actor
from apps.common.errors import DomainError, Forbidden
from tests.accounts.conftest import PASSWORD

SECRET = "JBSWY3DPEHPK3PXP"


def code(secret=SECRET):
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


@pytest.fixture
def bound(person):
    """A person of whom a second factor is required."""
    services.require_mfa(SYSTEM, person)
    person.refresh_from_db()
    return person


@pytest.fixture
def equipped(bound):
    TOTP.activate(bound, SECRET)
    return bound


def log_in(client, otp=None):
    response = client.post("/account/login/", {"login": "li.na", "password": PASSWORD})
    if otp is not None:
        response = client.post(reverse("mfa_authenticate"), {"code": otp})
    return response


def actions():
    return list(Event.objects.order_by("seq").values_list("action", flat=True))


def test_it_works(client, equipped):
    assert log_in(client).url == reverse("mfa_authenticate")
    assert client.get("/account/").status_code == 302  # a password alone opens nothing
    assert log_in(client, code()).status_code == 302
    assert client.get("/account/").status_code == 200


def test_whoever_has_none_is_led_to_set_it_up_before_anything_else(client, bound):
    log_in(client)
    for page in ("accounts:profile", "accounts:operator"):
        assert client.get(reverse(page)).url == reverse("accounts:second_factor")
    assert client.get(reverse("accounts:second_factor")).status_code == 200
    assert client.get(reverse("mfa_activate_totp")).status_code in (200, 302)


def test_setting_it_up_opens_the_house_and_is_recorded(client, bound, django_capture_on_commit_callbacks):
    log_in(client)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert "accounts.second_factor.added" in actions()


def test_secrets_are_not_readable_in_the_database(equipped):
    assert SECRET not in str(Authenticator.objects.get().data)


def test_wrong_codes_lock_like_wrong_passwords(client, equipped):
    log_in(client)
    for _ in range(5):
        response = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert response.status_code == 429
    assert client.post(reverse("mfa_authenticate"), {"code": code()}).status_code == 429
    assert Client().post("/account/login/", {"login": "li.na", "password": PASSWORD}).status_code == 429
    assert actions().count("accounts.session.refused") >= 5


def test_a_required_factor_cannot_be_taken_away(client, equipped):
    log_in(client, code())
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(type="totp").exists()


def test_requiring_it_twice_is_one_event(bound):
    services.require_mfa(SYSTEM, bound)
    assert actions() == ["accounts.second_factor.required"]


def test_operator_resets_a_lost_factor_and_ends_the_sessions(client, equipped, operator):
    log_in(client, code())
    services.reset_second_factor(Actor(operator.pk, "Oper"), equipped, reason="Phone lost")
    assert not Authenticator.objects.filter(user=equipped).exists()
    assert client.get("/account/").status_code == 302
    assert User.objects.get(pk=equipped.pk).mfa_required


def test_nobody_else_resets_it(equipped, person):
    with pytest.raises(Forbidden):
        services.reset_second_factor(Actor(person.pk, "Li Na"), equipped, reason="x")


def test_nothing_to_reset(operator, person):
    with pytest.raises(DomainError) as refused:
        services.reset_second_factor(Actor(operator.pk, "Oper"), person, reason="x")
    assert refused.value.code == "no_second_factor"
