"""What the browser is told: a strict content security policy, no framing, cookies that scripts cannot read."""

import os
import subprocess
import sys

import pytest

from apps.common.views import server_error
from tests.accounts.conftest import PASSWORD
from tests.architecture.source import ROOT

DIRECTIVES = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "manifest-src 'self'",
}  # fmt: skip


def policy(response) -> set[str]:
    return {part.strip() for part in response["Content-Security-Policy"].split(";")}


def test_it_works(client, db):
    response = client.get("/account/login/")
    assert policy(response) == DIRECTIVES
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/nowhere/", "/healthz", "/account/", "/server/"])
def test_every_answer_carries_the_policy(client, person, path):
    client.force_login(person)
    assert policy(client.get(path)) == DIRECTIVES


def test_the_page_of_a_server_error_carries_no_style_of_its_own(client, person, monkeypatch):
    client.raise_request_exception = False
    client.force_login(person)
    monkeypatch.setattr("apps.accounts.views.is_mfa_enabled", lambda user: 1 / 0)
    response = client.get("/account/")
    page = response.content.decode()
    assert response.status_code == 500
    assert response["X-Request-Id"] in page
    assert "style=" not in page and "<script" not in page and "ZeroDivision" not in page


def test_the_page_of_a_server_error_asks_nothing_of_the_database(rf, django_assert_num_queries, db):
    class Unreachable:
        @property
        def is_authenticated(self):
            raise OSError("no database")

    request = rf.get("/")
    request.user, request.request_id = Unreachable(), "a-number-for-the-log"
    with django_assert_num_queries(0):
        assert "a-number-for-the-log" in server_error(request).content.decode()


def test_cookies(client, person):
    response = client.post("/account/login/", {"login": "li.na", "password": PASSWORD})
    session = response.cookies["session"]
    assert session["httponly"] and session["samesite"] == "Lax"
    assert response.cookies["django_language"]["httponly"]


def test_a_request_id_of_the_proxy_is_kept_and_a_strange_one_is_not(client, db):
    assert client.get("/healthz", headers={"x-request-id": "abcdef-12345678"})["X-Request-Id"] == "abcdef-12345678"
    assert client.get("/healthz", headers={"x-request-id": "<script>"})["X-Request-Id"] != "<script>"


PROBE = """
import django
from django.conf import settings as s
django.setup()
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_NAME)
"""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "False False 0 False session"),
        (
            {"TRIALCAPTURE_HTTPS": "true", "TRIALCAPTURE_HSTS_SECONDS": "31536000"},
            "True True 31536000 True __Host-session",
        ),
    ],
)
def test_https_is_a_setting(variables, expected):
    environ = {**os.environ, **variables, "DJANGO_SETTINGS_MODULE": "trialcapture.settings"}
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == expected, done.stderr
