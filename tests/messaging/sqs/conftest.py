from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import kombu.pools
import pytest

from config.celery import app
from messaging import topology
from messaging.sqs.queues import align_queues

from .proxy import FaultProxy


@pytest.fixture
def queues(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues of this test alone, for the test and for the workers it starts; three receives, then the dead letters."""
    settings.FORKROAD_NAMESPACE = f"t{uuid.uuid4().hex[:8]}"
    settings.MAX_RECEIVES = 3
    monkeypatch.setenv("FORKROAD_NAMESPACE", settings.FORKROAD_NAMESPACE)
    monkeypatch.setenv("FORKROAD_MAX_RECEIVES", "3")
    list(align_queues(topology.queues(), change=True))


@pytest.fixture
def proxy(settings: Any, queues: object) -> Iterator[FaultProxy]:
    """A faulty way to the SQS server; give its address to a worker."""
    made = FaultProxy(settings.SQS_ENDPOINT_URL)
    yield made
    made.close()


@pytest.fixture
def published(queues: object) -> Iterator[None]:
    """Celery's producers must not outlive the queues of this test."""
    yield
    celery: Any = app
    celery.pool.force_close_all()
    kombu.pools.reset()
    celery._pool = None
    celery.amqp._producer_pool = None
