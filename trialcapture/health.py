"""`/healthz`: the process lives. `/readyz`: it can serve, each thing it needs by name. Neither tells a version or a path."""

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

OK = "ok"
# seconds; a proxy asks every few, and a server that is gone must not hold its threads
PATIENCE = 2
# migrations only ever get applied: once none is missing, the files on disk need not be read again by this process
_migrated = False


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"process": OK})


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything is there, 503 with the name of what is not."""
    found = {"database": database(), "redis": valkey()}
    found["migrations"] = migrations() if found["database"] == OK else "unknown"
    return JsonResponse(found, status=200 if set(found.values()) == {OK} else 503)


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return "unreachable"
    return OK


def migrations() -> str:
    global _migrated
    if _migrated:
        return OK
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unreadable"
    _migrated = not missing
    return OK if _migrated else "missing"


def valkey() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        with client:
            client.ping()
    except redis.RedisError:
        return "unreachable"
    return OK


urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
