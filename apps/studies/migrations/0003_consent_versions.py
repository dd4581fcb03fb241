"""Versions of a site's consent form."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0002_insert_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="consent_forms",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="ConsentVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=40)),
                (
                    "language",
                    models.CharField(
                        choices=[("zh-hans", "Chinese"), ("en", "English"), ("other", "Another")], max_length=10
                    ),
                ),
                ("approved_on", models.DateField()),
                ("valid_from", models.DateField()),
                ("again", models.BooleanField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="consent_versions", to="studies.site"
                    ),
                ),
            ],
            options={
                "ordering": ["site", "-valid_from", "-pk"],
            },
        ),
    ]
