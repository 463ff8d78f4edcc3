"""Kafka clients, made from the settings in one place."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import Any

from django.conf import settings
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

# Its event loop warns whenever it was kept waiting 0.1 s, which on a busy machine says nothing about Kafka.
logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)

#: A broker that came back is found again within this time; the library's own maximum is half a minute.
RECONNECT_MAX_MS = 1000


class Unreachable(ConnectionError):
    """No Kafka broker answers at the configured addresses."""


def producer(**changes: Any) -> KafkaProducer:
    """An idempotent producer that waits for all in-sync copies. `changes` are kafka-python's own settings.

    Raises:
        Unreachable: no broker accepts a connection.
    """
    probe()
    return KafkaProducer(
        **_common(
            enable_idempotence=True,
            acks="all",
            allow_auto_create_topics=False,
            max_block_ms=2000,
            request_timeout_ms=8000,
            delivery_timeout_ms=15000,
            metrics_enabled=False,
            **changes,
        )
    )


def consumer(*, group: str | None = None, **changes: Any) -> KafkaConsumer:
    """A consumer that never commits by itself and never chooses a position by itself.

    Raises:
        Unreachable: no broker accepts a connection.
    """
    probe()
    values: dict[str, Any] = {
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        # How long a topic that was deleted and made again may pass for the old one.
        "metadata_max_age_ms": 10_000,
        "fetch_max_wait_ms": 200,
        # The default of 1 MiB cuts a backlog into transactions of some hundred events.
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
        "metrics_enabled": False,
    }
    return KafkaConsumer(**_common(**(values | changes)))


def admin(**changes: Any) -> KafkaAdminClient:
    """The client for topics and offsets.

    Raises:
        Unreachable: no broker accepts a connection.
    """
    probe()
    return KafkaAdminClient(**_common(**changes))


def probe(*, within: float = 1.0) -> None:
    """Return when some configured broker accepts a connection.

    Asked over a bare socket first: a client that meets a closed port waits out its own back-off of seconds.

    Raises:
        Unreachable: none does, each tried for `within` seconds.
    """
    for address in settings.KAFKA_BOOTSTRAP_SERVERS:
        host, _, port = address.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=within):
            return
    raise Unreachable(
        f"no Kafka broker accepts a connection at {', '.join(settings.KAFKA_BOOTSTRAP_SERVERS)}:"
        " start it, or set KAFKA_BOOTSTRAP_SERVERS"
    )


def discard(producer: KafkaProducer) -> None:
    """End a producer without sending what it still holds.

    `close(timeout=0)` flushes first and, where that fails, leaves the sender thread running for ever: so the sender
    is told directly to drop its batches, and the object to do nothing more when it is collected.
    """
    producer._sender.force_close()
    producer._unregister_cleanup()
    producer._closed = True


def close_quietly(consumer: KafkaConsumer, *, timeout_ms: int = 3000) -> None:
    """Leave the group and close; a broker that is gone is no reason to fail."""
    with contextlib.suppress(Exception):
        consumer.close(autocommit=False, timeout_ms=timeout_ms)


def _common(**changes: Any) -> dict[str, Any]:
    return {
        "bootstrap_servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "client_id": f"forkroad-{threading.current_thread().name}"[:60].replace(" ", "-"),
        "reconnect_backoff_max_ms": RECONNECT_MAX_MS,
        "bootstrap_timeout_ms": 5000,
        **settings.KAFKA_CLIENT,
        **changes,
    }
