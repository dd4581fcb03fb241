"""Each request has an id that logs, ledger and answer share; a domain error is an answer, not a fault."""

import json

import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory

from apps.common.errors import Conflict, DomainError
from apps.common.middleware import DomainErrorMiddleware, RequestIdMiddleware


def answered(**headers):
    seen = {}

    def view(request):
        seen.update(id=request.request_id, logged=structlog.contextvars.get_contextvars()["request_id"])
        return HttpResponse()

    response = RequestIdMiddleware(view)(RequestFactory().get("/", **headers))
    return response["X-Request-Id"], seen


def test_it_works():
    said, seen = answered(HTTP_X_REQUEST_ID="0123-abcd-EFGH")
    assert said == seen["id"] == seen["logged"] == "0123-abcd-EFGH"


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "with space 123", "<script>alert(1)</script>", "12345678\n", "ä" * 10]
)
def test_an_id_that_could_do_harm_is_replaced(given):
    said, seen = answered(HTTP_X_REQUEST_ID=given)
    assert said == seen["id"] != given and len(said) == 32


def test_two_requests_have_two_ids():
    assert answered()[0] != answered()[0]


@pytest.mark.parametrize("error", [DomainError("Say why.", code="reason"), Conflict("Li Na saved meanwhile.", code="stale")])
def test_a_domain_error_is_409_in_words(error):
    request = RequestFactory().post("/", HTTP_ACCEPT="application/json")
    answer = DomainErrorMiddleware(None).process_exception(request, error)
    assert answer.status_code == 409
    assert json.loads(answer.content) == {"code": error.code, "message": str(error)}


def test_any_other_error_is_left_to_others():
    assert DomainErrorMiddleware(None).process_exception(RequestFactory().get("/"), ValueError("x")) is None
