"""For a worker that is to die: loaded with `--include`, it kills the worker at a point of a range, once.

`FORKROAD_DIE` is POINT:FILE; coming to that point with the file there, it takes the file away and dies.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from messaging.relay.sending import Row
from notifications.fanout import telling
from notifications.models import PostRange

_point, _, _path = os.environ.get("FORKROAD_DIE", "").partition(":")
_write: Callable[[PostRange], int] = telling._write
_enqueue: Callable[[Sequence[Row]], None] = telling._enqueue


def _here(point: str) -> None:
    if point != _point:
        return
    try:
        Path(_path).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def write(piece: PostRange) -> int:
    told = _write(piece)
    _here("written, not committed")
    return told


def enqueue(commands: Sequence[Row]) -> Any:
    _here("committed, nothing on the queue")
    half = len(commands) // 2
    _enqueue(commands[:half])
    _here("half of it on the queue")
    _enqueue(commands[half:])
    _here("all on the queue, not done")


telling._write, telling._enqueue = write, enqueue
