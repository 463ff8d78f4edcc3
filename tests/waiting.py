"""Waiting on a condition with a deadline: the one way a test here waits, so that none sleeps and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], *, within: float, what: str, every: float = 0.02) -> T:
    """Return the first truthy value of `condition()`; fail when `within` seconds pass without one.

    An AssertionError inside the condition counts as "not yet", so that a whole assertion can be awaited; the
    last one is shown when time runs out.
    """
    deadline = time.monotonic() + within
    last: object = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {within:g} s in vain for {what}; last seen: {last!r}")
        time.sleep(every)
