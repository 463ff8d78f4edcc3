"""Celery over kombu's own SQS transport, with the settings that measured best; `BENCH_*` carries what varies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery import Celery, signals

from .work import note as _note

_url = urlsplit(os.environ["BENCH_QUEUE_URL"])

app: Any = Celery("stock")
app.conf.update(
    broker_url=f"sqs://x:x@{_url.netloc}",
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "predefined_queues": {"alerts": {"url": _url.geturl()}},
        "region": os.environ["AWS_REGION"],
        "is_secure": False,
        "wait_time_seconds": 20,
        "polling_interval": float(os.environ["BENCH_POLLING_INTERVAL"]),
    },
    task_default_queue="alerts",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=int(os.environ["BENCH_PREFETCH_MULTIPLIER"]),
    worker_enable_remote_control=False,
    worker_send_task_events=False,
)


_task: Any = app.task(name="alerts.bench_bare")


@_task  # type: ignore[untyped-decorator]
def note(*, sent: float) -> None:
    _note(sent)


@signals.worker_ready.connect
def tell_starter(**_: Any) -> None:
    Path(os.environ["FORKROAD_READY_FILE"]).touch()
