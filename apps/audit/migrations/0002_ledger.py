"""The ledger's functions and guards: append under the chain's lock, refuse every change of history.

``audit_append`` runs as the owner of the tables. Its search path holds nothing that another role could write to, and it
takes every column from the body, so the web role can neither place an event nor let a column say what the body does not.
"""

from django.conf import settings
from django.db import migrations

from apps.audit.sql import insert_only

FUNCTIONS = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only: history is never changed', TG_TABLE_NAME USING ERRCODE = 'TC001';
END $$;

CREATE FUNCTION audit_append(p_chain text, p_bodies text[], p_outbox boolean[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seq bigint; v_head bytea; v_hash bytea; v_body jsonb; v_study bigint; i int;
BEGIN
    SELECT seq, head_hash INTO v_seq, v_head FROM public.audit_chain WHERE key = p_chain FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO public.audit_chain (key, seq, head_hash)
            VALUES (p_chain, 0, sha256(convert_to('TrialCapture ledger ' || p_chain, 'UTF8')))
            ON CONFLICT (key) DO NOTHING;
        SELECT seq, head_hash INTO v_seq, v_head FROM public.audit_chain WHERE key = p_chain FOR UPDATE;
    END IF;
    FOR i IN 1 .. coalesce(array_length(p_bodies, 1), 0) LOOP
        v_body := p_bodies[i]::jsonb;
        v_study := (v_body->>'study')::bigint;
        IF p_chain IS DISTINCT FROM coalesce('study:' || v_study, 'system') THEN
            RAISE EXCEPTION 'the event belongs to chain %, not %', coalesce('study:' || v_study, 'system'), p_chain
                USING ERRCODE = 'TC002';
        END IF;
        v_seq := v_seq + 1;
        v_hash := sha256(v_head || convert_to(p_bodies[i], 'UTF8'));
        INSERT INTO public.audit_event (id, chain, seq, prev_hash, hash, body, at, actor_id, actor_name, study_id, site_id,
                                        subject_id, object_type, object_id, action, audience)
        VALUES ((v_body->>'id')::uuid, p_chain, v_seq, v_head, v_hash, p_bodies[i], (v_body->>'at')::timestamptz,
                (v_body->'actor'->>'id')::bigint, v_body->'actor'->>'name', v_study,
                (v_body->>'site')::bigint, (v_body->>'subject')::bigint, v_body->'object'->>'type',
                v_body->'object'->>'id', v_body->>'action', v_body->>'audience');
        IF p_outbox[i] THEN
            INSERT INTO public.audit_outbox (event_id, action, study_id, created_at, expanded)
            VALUES ((v_body->>'id')::uuid, v_body->>'action', v_study, now(), false);
        END IF;
        v_head := v_hash;
    END LOOP;
    UPDATE public.audit_chain SET seq = v_seq, head_hash = v_head WHERE key = p_chain;
    RETURN v_seq;
END $$;
"""

# One row an item that changed. security_invoker: whoever reads it needs the right to read events.
VIEW = """
CREATE VIEW audit_item_change WITH (security_invoker = true) AS
SELECT event.id AS event_id, change.position, event.chain, event.seq, event.at, event.actor_id, event.actor_name,
       event.study_id, event.site_id, event.subject_id, event.object_type, event.object_id, event.action, event.audience,
       event.body::jsonb->>'reason' AS reason, change.triple->>0 AS item, change.triple->1 AS old, change.triple->2 AS new
  FROM audit_event AS event,
       LATERAL jsonb_array_elements(event.body::jsonb->'changes') WITH ORDINALITY AS change (triple, position);
"""

RIGHTS = f"""
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_event, audit_chain FROM {settings.WEB_ROLE};
REVOKE INSERT ON audit_outbox FROM {settings.WEB_ROLE};
REVOKE ALL ON FUNCTION audit_append(text, text[], boolean[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append(text, text[], boolean[]) TO {settings.WEB_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(
            FUNCTIONS, "DROP FUNCTION audit_append(text, text[], boolean[]); DROP FUNCTION audit_refuse_change()"
        ),
        migrations.RunSQL(VIEW, "DROP VIEW audit_item_change"),
        *insert_only("audit_event", "audit_seal"),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
