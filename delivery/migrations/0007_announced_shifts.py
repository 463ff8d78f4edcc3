"""The shift that a courier has announced: rounds plan with who is on the road soon."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0006_presses"),
    ]

    operations = [
        migrations.AddField(
            model_name="courier",
            name="announced_from",
            field=models.DateTimeField(help_text="city time at which they mean to go online", null=True),
        ),
        migrations.AddField(
            model_name="courier",
            name="announced_until",
            field=models.DateTimeField(help_text="city time; null where they did not say", null=True),
        ),
    ]
