"""Images that a masked assessor reads by a code. Insert-only."""

import django.db.models.deletion
from django.db import migrations, models

from apps.audit.sql import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0005_deviations_monitoring"),
        ("studies", "0003_consent_versions"),
        ("subjects", "0004_transfers_insert_only"),
        ("visits", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(db_collation="C", max_length=12)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                (
                    "study",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.study"),
                ),
                (
                    "subject",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="subjects.subject"),
                ),
                (
                    "visit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reading", to="visits.subjectvisit"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("study", "code"), name="reading_code")],
            },
        ),
        *insert_only("review_reading"),
    ]
