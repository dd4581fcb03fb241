"""capture_save(): one record, its revision, its queries, written in one statement or not at all."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION capture_save(
    p_record bigint, p_study bigint, p_subject bigint, p_visit bigint, p_form_oid text, p_repeat int,
    p_form bigint, p_version bigint, p_expected int, p_status text, p_inactive boolean,
    p_data jsonb, p_changed jsonb, p_irrelevant jsonb,
    p_event uuid, p_at timestamptz, p_actor bigint, p_actor_name text, p_reason text,
    p_open jsonb, p_close bigint[], p_reopen jsonb
) RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_held text; v_revision int; v_hold text; q jsonb; v_query bigint;
BEGIN
    -- writers share, a locker is alone: no save in flight commits after a lock
    PERFORM pg_advisory_xact_lock_shared(7101, p_study::int);
    SELECT CASE WHEN st.hold <> '' THEN 'study:' || st.hold WHEN si.hold <> '' THEN 'site:' || si.hold
                WHEN s.hold <> '' THEN 'subject:' || s.hold WHEN v.hold <> '' THEN 'visit:' || v.hold END
        INTO v_held
        FROM subjects_subject s JOIN studies_site si ON si.id = s.site_id JOIN studies_study st ON st.id = s.study_id
        LEFT JOIN visits_subjectvisit v ON v.id = p_visit
        WHERE s.id = p_subject;
    IF v_held IS NOT NULL THEN RETURN 'held:' || v_held; END IF;

    SELECT revision, hold INTO v_revision, v_hold FROM capture_formrecord WHERE id = p_record FOR UPDATE;
    IF NOT FOUND THEN
        IF p_expected <> 0 THEN RETURN 'conflict'; END IF;
        INSERT INTO capture_formrecord (id, study_id, subject_id, visit_id, form_oid, form_id, version_id, repeat, status,
                revision, data, changed, irrelevant, inactive, hold, created_at, updated_at, updated_by_id, completed_at)
            VALUES (p_record, p_study, p_subject, p_visit, p_form_oid, p_form, p_version, p_repeat, p_status,
                1, p_data, p_changed, p_irrelevant, p_inactive, '', p_at, p_at, p_actor,
                CASE WHEN p_status <> 'incomplete' THEN p_at END)
            ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN RETURN 'conflict'; END IF;
    ELSE
        IF v_hold <> '' THEN RETURN 'held:record:' || v_hold; END IF;
        IF v_revision <> p_expected THEN RETURN 'conflict'; END IF;
        UPDATE capture_formrecord SET revision = p_expected + 1, status = p_status, data = p_data, changed = p_changed,
                irrelevant = p_irrelevant, inactive = p_inactive, updated_at = p_at, updated_by_id = p_actor,
                completed_at = coalesce(completed_at, CASE WHEN p_status <> 'incomplete' THEN p_at END)
            WHERE id = p_record;
    END IF;
    INSERT INTO capture_recordrevision (study_id, record_id, revision, status, version_id, data, irrelevant, inactive,
            event_id, at, actor_id, actor_name, reason)
        VALUES (p_study, p_record, p_expected + 1, p_status, p_version, p_data, p_irrelevant, p_inactive,
            p_event, p_at, p_actor, p_actor_name, p_reason);

    FOR q IN SELECT * FROM jsonb_array_elements(p_open) LOOP
        INSERT INTO capture_query (study_id, subject_id, record_id, item_oid, line_key, kind, check_oid, status, text, value,
                assigned_role, opened_at)
            VALUES (p_study, p_subject, p_record, q->>'item', q->>'line', 'system', q->>'check', 'open', q->'text', q->'value',
                'coordinator', p_at)
            RETURNING id INTO v_query;
        INSERT INTO capture_querymessage (study_id, query_id, step, text, at, actor_name)
            VALUES (p_study, v_query, 'opened', '', p_at, 'TrialCapture');
    END LOOP;
    FOR q IN SELECT * FROM jsonb_array_elements(p_reopen) LOOP
        UPDATE capture_query SET status = 'open', value = q->'value', text = q->'text', closed_at = NULL, closed_by_id = NULL
            WHERE id = (q->>'id')::bigint;
        IF (q->>'say')::boolean THEN
            INSERT INTO capture_querymessage (study_id, query_id, step, text, at, actor_name)
                VALUES (p_study, (q->>'id')::bigint, 'reopened', '', p_at, 'TrialCapture');
        END IF;
    END LOOP;
    IF p_close <> '{}' THEN
        UPDATE capture_query SET status = 'closed', closed_at = p_at, closed_by_id = NULL WHERE id = ANY (p_close);
        INSERT INTO capture_querymessage (study_id, query_id, step, text, at, actor_name)
            SELECT p_study, c, 'closed', '', p_at, 'TrialCapture' FROM unnest(p_close) c;
    END IF;
    -- what the person had typed ahead is in the record now
    DELETE FROM capture_draft WHERE user_id = p_actor AND subject_id = p_subject AND visit_id IS NOT DISTINCT FROM p_visit
        AND form_oid = p_form_oid AND repeat = p_repeat;
    RETURN 'saved';
END $$;
"""
SIGNATURE = """capture_save(bigint, bigint, bigint, bigint, text, int, bigint, bigint, int, text, boolean, jsonb, jsonb,
    jsonb, uuid, timestamptz, bigint, text, text, jsonb, bigint[], jsonb)"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0002_insert_only"), ("subjects", "0001_initial"), ("visits", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION, f"DROP FUNCTION {SIGNATURE}")]
