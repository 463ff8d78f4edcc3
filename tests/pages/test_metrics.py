"""Numbers for a monitoring system."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from messaging.models import OutboxRow
from messaging.models.incident import open_incident
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db

LINE = re.compile(r'[a-z_]+\{[a-z]+="(?:[^"\\\n]|\\.)*"\} [0-9.e+-]+')


def test_the_outbox_and_what_needs_a_person_are_numbers() -> None:
    factories.place_order()
    OutboxRow.objects.filter(road="sqs").update(blocked=True)
    open_incident('odd "kind"', "x", "y")
    answer = sign_in(factories.make_operator()).get("/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    assert 'forkroad_outbox_rows{road="kafka"} 1' in lines
    assert 'forkroad_outbox_blocked_rows{road="sqs"} 1' in lines
    assert 'forkroad_incidents_open{kind="odd \\"kind\\""} 1' in lines
    assert all(line.startswith("# ") or LINE.fullmatch(line) for line in lines)
    assert any(line.startswith('forkroad_outbox_oldest_seconds{road="kafka"} ') for line in lines)


def test_a_scraper_needs_the_token(settings: Any, anybody: Client) -> None:
    settings.METRICS_TOKEN = "s3cret"
    assert anybody.get("/metrics", headers={"Authorization": "Bearer s3cret"}).status_code == 200
    assert anybody.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 404
    settings.METRICS_TOKEN = ""
    assert anybody.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_a_customer_finds_nothing_there() -> None:
    assert sign_in(factories.alice()).get("/metrics").status_code == 404
