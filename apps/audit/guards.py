"""Are the triggers that refuse a change of history there and on, and may the web role go round them?"""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from apps.audit.checks import INSERT_ONLY
from apps.audit.verification import Finding

# the trigger must refuse row changes (BEFORE UPDATE OR DELETE: 2 + 16 + 8, ROW: 1) or TRUNCATE (BEFORE: 2, 32)
TRIGGERS = """
SELECT table_name,
       EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = to_regclass(table_name) AND t.tgenabled IN ('O', 'A')
               AND t.tgfoid = to_regproc('audit_refuse_change') AND t.tgtype = 27),
       EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = to_regclass(table_name) AND t.tgenabled IN ('O', 'A')
               AND t.tgfoid = to_regproc('audit_refuse_change') AND t.tgtype = 34)
  FROM unnest(%s::text[]) AS table_name
"""
RIGHTS = """
SELECT table_name, wanted FROM unnest(%s::text[]) AS table_name, unnest(%s::text[]) AS wanted
 WHERE to_regclass(table_name) IS NOT NULL AND has_table_privilege(%s, table_name, wanted)
"""


def guard_findings() -> Iterator[Finding]:
    """Tables whose triggers are missing or off, and rights that the web role holds and must not."""
    tables = sorted(INSERT_ONLY)
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS, [tables])
        for table, refuses_change, refuses_truncate in cursor.fetchall():
            if not (refuses_change and refuses_truncate):
                yield Finding("guard_off", table, "the trigger that refuses a change of history is missing or disabled")
        asked = [
            (tables, ["UPDATE", "DELETE", "TRUNCATE"]),
            (["audit_event", "audit_chain"], ["INSERT"]),
            (["audit_chain"], ["UPDATE", "DELETE", "TRUNCATE"]),
        ]
        for names, rights in asked:
            cursor.execute(RIGHTS, [names, rights, settings.WEB_ROLE])
            for table, right in cursor.fetchall():
                yield Finding("right_too_wide", table, f"the web role {settings.WEB_ROLE} holds {right}")
