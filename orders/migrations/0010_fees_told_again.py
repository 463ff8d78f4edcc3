"""Fares and quotes keep the id and city time of their events: what it takes to fill their topic again."""

import uuid

import django.contrib.postgres.functions
from django.db import migrations, models


def event_id() -> models.UUIDField:
    # The database's default gives each row that is there an id of its own.
    return models.UUIDField(
        db_default=django.contrib.postgres.functions.RandomUUID(), default=uuid.uuid4, editable=False
    )


def told_at() -> models.DateTimeField:
    return models.DateTimeField(help_text="city time of its event", null=True)


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_fees_by_quote")]

    operations = [
        migrations.AddField(model_name="farestep", name="event_id", field=event_id()),
        migrations.AddField(model_name="farestep", name="told_at", field=told_at()),
        migrations.AddField(model_name="quote", name="event_id", field=event_id()),
        migrations.AddField(model_name="quote", name="told_at", field=told_at()),
    ]
