"""The reference that a save is measured against: the four raw writes of a save in a bare view. Frozen: do not improve.

No sign-in, no rights, no rules, no reading of what was there, no prepared statements; Django's middleware as it is.
"""

import json
import uuid

from django.contrib.auth.decorators import login_not_required
from django.db import connection, transaction
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path

RECORD = "UPDATE bench_record SET revision = revision + 1, data = %s, updated_at = now() WHERE id = %s RETURNING revision"
REVISION = """INSERT INTO bench_revision (study_id, record_id, revision, status, version_id, data, irrelevant, inactive,
    event_id, at, actor_name, reason) VALUES (1, %s, %s, 'incomplete', 1, %s, '[]', false, %s, now(), 'bare', '')"""
OUTBOX = "INSERT INTO bench_outbox (event_id, action, study_id, created_at, expanded) VALUES (%s, 'saved', 1, now(), false)"
EVENT = """WITH head AS (UPDATE bench_chain SET seq = seq + 1, head_hash = sha256(head_hash || convert_to(%s, 'UTF8'))
    RETURNING seq, head_hash)
    INSERT INTO bench_event (id, chain, seq, prev_hash, hash, body, at, actor_name, study_id, object_type, object_id,
    action, audience)
    SELECT %s, 'bench', seq, head_hash, head_hash, %s, now(), 'bare', 1, 'record', %s, 'saved', '' FROM head"""


@login_not_required
def token(request):
    return HttpResponse(get_token(request))


@login_not_required
def save(request, record_id: int):
    """One record, its revision, its event with the head of the chain, its line in the outbox."""
    event, data = uuid.uuid4(), json.dumps(dict(request.POST.items()))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(RECORD, [data, record_id])
        (revision,) = cursor.fetchone()
        cursor.execute(REVISION, [record_id, revision, data, event])
        cursor.execute(OUTBOX, [event])
        cursor.execute(EVENT, [data, event, data, str(record_id)])
    return redirect(f"/save/{record_id}/")


urlpatterns = [path("token/", token), path("save/<int:record_id>/", save)]
