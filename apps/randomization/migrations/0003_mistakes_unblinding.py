"""What happened to allocations: wrong ones, and arms learned in an emergency. Insert-only."""

import django.db.models.deletion
from django.db import migrations, models

from apps.audit.sql import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("randomization", "0002_insert_only"),
        ("studies", "0002_insert_only"),
        ("subjects", "0004_transfers_insert_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="scheme",
            name="revealed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Misrandomization",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("wrong_stratum", "Allocated in a wrong stratum"),
                            ("ineligible", "Found not eligible afterwards"),
                            ("wrong_subject", "Another subject was meant"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_name", models.TextField()),
                (
                    "allocation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="randomization.allocation"
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.study"),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="subjects.subject"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Unblinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("emergency", "Medical emergency: treatment depends on it"),
                            ("overdose", "Overdose or poisoning"),
                            ("pregnancy", "Pregnancy"),
                            ("report", "Expedited report to the authority"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_name", models.TextField()),
                (
                    "study",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studies.study"),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="subjects.subject"
                    ),
                ),
            ],
        ),
        *insert_only("randomization_misrandomization", "randomization_unblinding"),
    ]
