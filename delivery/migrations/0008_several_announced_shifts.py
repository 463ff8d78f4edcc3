"""Announced shifts get rows of their own: a courier may come twice a day."""

import django.db.models.deletion
from django.db import migrations, models

COPY = """
    INSERT INTO delivery_announcedshift (courier_id, starts_at, until)
    SELECT id, announced_from, announced_until FROM delivery_courier
    WHERE announced_from IS NOT NULL AND (announced_until IS NULL OR announced_until > announced_from)
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0007_announced_shifts")]

    operations = [
        migrations.CreateModel(
            name="AnnouncedShift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(help_text="city time at which they mean to go online")),
                ("until", models.DateTimeField(help_text="city time; null where they did not say", null=True)),
                (
                    "courier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="announced", to="delivery.courier"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["starts_at"], name="announced_start")],
                "constraints": [
                    models.UniqueConstraint(fields=("courier", "starts_at"), name="announced_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until__isnull", True), ("until__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="announced_shift_sane",
                    ),
                ],
            },
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="courier", name="announced_from"),
        migrations.RemoveField(model_name="courier", name="announced_until"),
    ]
