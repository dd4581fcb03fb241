"""Request id for logs and the ledger; domain errors become pages (409) that lose nothing."""

import re
import uuid

import structlog
from django.http import JsonResponse
from django.shortcuts import render

from apps.common.errors import Conflict, DomainError

SAFE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIdMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        return response


class DomainErrorMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, DomainError):
            return None
        context = {"error": exception, "is_conflict": isinstance(exception, Conflict)}
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"code": exception.code, "message": str(exception)}, status=409)
        template = "common/_error.html" if getattr(request, "htmx", False) else "409.html"
        return render(request, template, context, status=409)
