"""What couriers press without a connection, under the key of each press."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0005_seen_snapshot"),
    ]

    operations = [
        migrations.CreateModel(
            name="Press",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(help_text="the phone's own name for the press")),
                ("order_id", models.UUIDField()),
                ("stage", models.CharField(help_text="picked_up or delivered", max_length=10)),
                ("pressed_at", models.DateTimeField(help_text="city time by the phone's clock")),
                (
                    "counted_at",
                    models.DateTimeField(
                        help_text="city time that was believed; null if nothing was changed", null=True
                    ),
                ),
                (
                    "outcome",
                    models.CharField(db_default="", help_text="done, already, or a refusal's code", max_length=10),
                ),
                ("message", models.CharField(db_default="", max_length=200)),
                ("received_at", models.DateTimeField(db_default=Now(), help_text="wall time")),
                (
                    "courier",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="presses",
                        to="delivery.courier",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "presses",
                "constraints": [models.UniqueConstraint(fields=("courier", "key"), name="press_once")],
            },
        ),
    ]
