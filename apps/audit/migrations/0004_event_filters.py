"""Indexes that the audit view's filters by form and by site stand on; the table and its chain stay as they are."""

from django.db import migrations, models

# the body is canonical JSON, its keys in order, so the form comes first in the details; read as text, since a body that
# somebody broke must stay readable for verify_audit
FORM = r"""CREATE INDEX event_form ON audit_event (chain, substring(body from '"details":\{"form":"([A-Z][A-Z0-9_]*)"'), seq)
    WHERE substring(body from '"details":\{"form":"([A-Z][A-Z0-9_]*)"') IS NOT NULL"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_item_change")]
    operations = [
        migrations.AddIndex("event", models.Index(fields=["chain", "site_id", "seq"], name="event_site")),
        migrations.RunSQL(FORM, "DROP INDEX event_form"),
    ]
