"""Commands of the queue `notices` that send one notice."""

from __future__ import annotations

from messaging.tasks import command

from .alerts import page, webhook  # noqa: F401
from .asking import SEND
from .channels import TryLater
from .fanout import tasks as fanout  # noqa: F401  # where Celery looks for them
from .sending import LeaseHeld, deliver


@command(SEND, throws=(LeaseHeld, TryLater))
def send(*, notice: int) -> None:
    """Send it, unless that was done; raises where the message must come back (see `sending.deliver`)."""
    deliver(notice)
