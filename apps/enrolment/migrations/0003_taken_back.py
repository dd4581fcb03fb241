"""A step out may be taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrolment", "0002_insert_only"),
    ]

    operations = [
        migrations.AlterField(
            model_name="departure",
            name="kind",
            field=models.CharField(
                choices=[
                    ("screen_failure", "Screen failure"),
                    ("withdrawal", "Withdrawal of consent"),
                    ("lost", "Lost to follow-up"),
                    ("death", "Death"),
                    ("completion", "Completion"),
                    ("off_treatment", "End of treatment"),
                    ("taken_back", "Taken back"),
                ],
                max_length=16,
            ),
        ),
    ]
