"""SQL that migrations share: tables whose history nobody may change."""

from django.conf import settings
from django.db import migrations


def insert_only(*tables: str) -> list:
    """Operations that make the database refuse UPDATE, DELETE and TRUNCATE on the tables, and take the rights away."""
    return [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
            CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
            REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {settings.WEB_ROLE};
            """,
            f"""
            DROP TRIGGER {table}_insert_only ON {table};
            DROP TRIGGER {table}_no_truncate ON {table};
            """,
        )
        for table in tables
    ]
