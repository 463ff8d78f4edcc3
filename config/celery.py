"""The Celery app: JSON only, results ignored, acknowledged late, over the hardened SQS transport."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Django's system checks import every page; a worker serves none, so it starts sooner and smaller without.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("forkroad")
app.config_from_object("config.celeryconfig")
app.autodiscover_tasks()
app.steps["consumer"].add("messaging.sqs.leaving:Leave")


_looked = threading.local()


@signals.task_prerun.connect
@signals.task_postrun.connect
def keep_connections(**_: Any) -> None:
    """Between commands, close only database connections that are broken or old, as Django does between requests.

    Connections belong to threads: a pool's threads live as long as the worker, so each keeps one. Django asks the
    server whether a connection still lives after every look: once a second is enough for one that gave no error.
    """
    from django.db import close_old_connections, connections

    now = time.monotonic()
    if now - getattr(_looked, "at", 0.0) < 1 and not any(
        connection.errors_occurred for connection in connections.all(initialized_only=True)
    ):
        return
    _looked.at = now
    close_old_connections()


@signals.worker_ready.connect
def tell_starter(**_: Any) -> None:
    """Whoever started this worker may count on it now: it receives."""
    from config.embedded.ready import mark_ready

    mark_ready()
