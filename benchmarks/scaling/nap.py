"""A command that takes a while, as one that calls somebody outside does."""

from __future__ import annotations

import time

from messaging.tasks import command

#: Seconds.
NAP = 0.04


@command("alerts.bench_nap")
def nap(*, sent: float) -> None:
    time.sleep(NAP)
