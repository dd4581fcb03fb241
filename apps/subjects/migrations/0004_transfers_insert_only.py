"""Transfers are history that nobody changes."""

from django.db import migrations

from apps.audit.sql import insert_only


class Migration(migrations.Migration):
    dependencies = [("subjects", "0003_transfers"), ("audit", "0002_ledger")]
    operations = insert_only("subjects_subjecttransfer")
