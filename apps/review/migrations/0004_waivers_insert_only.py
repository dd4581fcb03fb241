"""Waivers are history that nobody changes."""

from django.db import migrations

from apps.audit.sql import insert_only


class Migration(migrations.Migration):
    dependencies = [("review", "0003_marks"), ("audit", "0002_ledger")]
    operations = insert_only("review_waiver")
