"""The Celery app with guards of it taken away: `celery -A tests.faults.unguarded`.

`acks_on_failure=False` stands behind `reject_on_worker_lost`: with it a command whose child was killed is refused
like one that raised. So it is always away here, and FORKROAD_WITHOUT=reject_on_worker_lost takes the other as well.
"""

from __future__ import annotations

import os

import django

from config.celery import app

django.setup()
from messaging.tasks import Command  # noqa: E402

__all__ = ["app"]

Command.acks_on_failure = True
Command.reject_on_worker_lost = os.environ.get("FORKROAD_WITHOUT") != "reject_on_worker_lost"
