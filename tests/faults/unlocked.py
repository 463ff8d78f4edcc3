"""The Celery app without a zone's lock: `celery -A tests.faults.unlocked`. Rounds of one zone run side by side.

The lock only saves work; a broken connection loses it. What is left then is what makes an order one courier's. The
half of the couriers named by FORKROAD_HALF (0 or 1) is all this worker sees, so that two of them choose two couriers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import django

from config.celery import app

# A worker sets Django up only after it has imported its app.
django.setup()

from delivery import dispatch  # noqa: E402
from delivery.planning import POLICIES, Job, View  # noqa: E402
from delivery.planning.policies import NearestFirst  # noqa: E402

__all__ = ["app"]


@contextmanager
def _always_held(name: str) -> Iterator[bool]:
    yield True


class Half(NearestFirst):
    def decide(self, view: View) -> list[Job]:
        return super().decide(replace(view, couriers=view.couriers[int(os.environ["FORKROAD_HALF"]) :: 2]))


setattr(dispatch, "advisory_lock", _always_held)  # noqa: B010 - dispatch imports it, and does not offer it
POLICIES["half"] = lambda seed: Half()
