"""An incident in a test's hands, and what the sweeper owes for it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from messaging.alerting.responding import carriers
from messaging.models import Incident, OutboxRow
from messaging.models.incident import open_incident


def opened(kind: str = "outbox_age", subject: str = "kafka") -> Incident:
    assert open_incident(kind, subject, "rows wait")
    return Incident.objects.get(kind=kind, subject=subject, resolved_at=None)


def aged(incident: Incident, by: timedelta) -> None:
    Incident.objects.filter(pk=incident.pk).update(opened_at=Now() - by)


def owed() -> list[tuple[str, int]]:
    """Take the alerts' commands out of the outbox: task and step."""
    rows = OutboxRow.objects.filter(type__startswith="alerts.").order_by("id")
    found = [(row.type, json.loads(bytes(row.payload))["step"]) for row in rows]
    rows.delete()
    return found


def carry_out(commands: list[tuple[str, int]]) -> None:
    """What a worker does with them."""
    for task, step in commands:
        carriers[task](step)


@pytest.fixture(autouse=True)
def _rooms_commands() -> None:
    """Workers load them by themselves; a test process has to be told."""
    import delivery.tasks
    import notifications.tasks
    import orders.tasks

    assert all((delivery.tasks, notifications.tasks, orders.tasks))


@pytest.fixture
def webhook_on(settings: Any) -> None:
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:9/"
    settings.ALERT_WEBHOOK_SECRET = "whsec"
