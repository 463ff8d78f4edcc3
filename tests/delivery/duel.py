"""Two verbs at one instant, again and again, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from delivery import handover
from delivery.models import HELD, Assignment
from orders.lifecycle import SYSTEM
from orders.models import Order

Result = Any


class Duel:
    """Two threads that start the same trial at one instant, again and again, each on its own connection."""

    def __init__(self, left: Callable[[], Result], right: Callable[[], Result]) -> None:
        self.start, self.end = threading.Barrier(3), threading.Barrier(3)
        self.results: list[Result] = [None, None]
        self.over = False
        self.threads = [
            threading.Thread(target=self._run, args=(0, left), daemon=True),
            threading.Thread(target=self._run, args=(1, right), daemon=True),
        ]

    def _run(self, place: int, verb: Callable[[], Result]) -> None:
        try:
            while True:
                self.start.wait(timeout=30)
                if self.over:
                    return
                try:
                    self.results[place] = verb()
                except Exception as error:
                    self.results[place] = error
                self.end.wait(timeout=30)
        finally:
            connection.close()

    def trial(self) -> tuple[Result, Result]:
        self.start.wait(timeout=30)
        self.end.wait(timeout=30)
        return self.results[0], self.results[1]

    def __enter__(self) -> Duel:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over = True
        self.start.wait(timeout=30)
        for thread in self.threads:
            thread.join(timeout=30)


def start_over(order: Order) -> None:
    """Let the order wait again, for the next trial: whoever has it or is asked gives it back, and history says so."""
    for job in Assignment.objects.filter(order=order, state__in=HELD):
        handover.withdraw(order.pk, held_by=job.courier_id, by=SYSTEM, reason="the next trial")
