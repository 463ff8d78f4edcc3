"""A short `countdown` or `eta` as SQS's own delay.

Upstream, a worker receives a message with an eta at once and holds it in memory: it takes a slot and a receive, and
when the wait is longer than the visibility timeout, the command runs again and again.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

#: SQS's limit for the delay of one message, in seconds.
LONGEST = 900


def delay_by_sqs(message: dict[str, Any], *, now: datetime | None = None) -> None:
    """Turn the eta of a message about to be sent into `delay_seconds`, when SQS can wait that long.

    A delay that the sender asked for itself is left alone. The eta is removed: the message arrives when it is due,
    and a worker whose clock is behind must not hold it.
    """
    headers, properties = message.get("headers") or {}, message.get("properties")
    eta = headers.get("eta")
    if not isinstance(eta, str) or properties is None:
        return
    if properties.get("delay_seconds") is not None or properties.get("DelaySeconds") is not None:
        return
    try:
        due = datetime.fromisoformat(eta)
    except ValueError:
        return
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    seconds = math.ceil((due - (now or datetime.now(UTC))).total_seconds())
    if seconds > LONGEST:
        return
    headers["eta"] = None
    if seconds > 0:
        properties["delay_seconds"] = seconds
