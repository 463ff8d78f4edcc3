"""Celery's own record of a message that it was handed, which tells the channel when its command begins."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_Request: Any = import_module("celery.worker.request").Request


class Request(_Request):  # type: ignore[misc]
    """Set as a task's `Request`. Celery forgets a command as it ends, a moment before it settles the message."""

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        begun = getattr(self.message.channel, "begun", None)
        if begun is not None:
            begun.add(self.message.delivery_tag)
        super().on_accepted(pid, time_accepted)
