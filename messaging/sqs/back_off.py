"""How long to wait: between attempts to receive, and before a message that failed is seen again. Seconds."""

from __future__ import annotations

import random


def poll_delay(failures: int) -> float:
    """Before the next receive after so many failed in a row: about 0.25 s, doubling to 5 s, spread by a quarter."""
    return min(5.0, 0.25 * 2.0 ** min(failures - 1, 10)) * random.uniform(0.75, 1.25)


def message_delay(receives: int, *, cap: int, max_receives: int) -> int:
    """Before a message that failed is handed out again: 1, 2, 4, … up to `cap`.

    After its last receive there is nothing to wait for: SQS moves a message to the dead letters only when it is
    asked for once more.
    """
    if receives >= max_receives:
        return 0
    return int(min(cap, 2.0 ** min(receives - 1, 16)))
