"""The same Celery app over kombu's own transport, to show what the corrections are for."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from config.celery import app as _app
from messaging.names import QUEUES, full_queue

app: Any = _app
_endpoint = urlsplit(os.environ["SQS_ENDPOINT_URL"])
app.steps["consumer"].clear()
app.conf.broker_transport = "sqs"
app.conf.broker_url = f"sqs://x:x@{_endpoint.netloc}"
app.conf.broker_transport_options = {
    "predefined_queues": {
        queue: {"url": f"{_endpoint.geturl()}/000000000000/{full_queue(queue)}"} for queue in set(QUEUES.values())
    },
    "region": "us-east-1",
    "is_secure": False,
    "polling_interval": 0,
    "wait_time_seconds": int(os.environ.get("FORKROAD_SQS_WAIT_SECONDS", "1")),
}
