"""Criteria that were let pass with a reason."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrolment", "0003_taken_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="eligibilityassessment",
            name="waived",
            field=models.JSONField(default=dict),
        ),
    ]
