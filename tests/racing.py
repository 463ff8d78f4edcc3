"""Several at one instant."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(*verbs: Callable[[], T]) -> list[T | Exception]:
    """Run each in a thread of its own, all let go at one instant; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(verbs))
    results: list[Any] = [None] * len(verbs)

    def run(place: int, verb: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            results[place] = verb()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, verb), daemon=True) for i, verb in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive(), "a thread did not end"
    return results
