"""History that nobody changes: the database refuses it."""

from django.db import migrations

from apps.audit.sql import insert_only


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial"), ("audit", "0002_ledger")]
    operations = insert_only("review_signature")
