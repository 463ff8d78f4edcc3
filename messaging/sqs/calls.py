"""Calls: commands that only say where there is work. Of those that wait for one key, one message is sent for all.

Whoever receives it looks after it was sent, so after the commit of every row that it stands for: nothing is missed.
What the rows do not agree on (the transaction that made work, say) is left out of its arguments, for it would be true
of one of them only; a call must do without.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from messaging.names import CALLS
from messaging.relay.sending import Result, Row
from messaging.tracing import SPANS_A_BATCH


@dataclass(slots=True)
class Message:
    """What one message says, and the rows that it stands for: several, of one key, where they are calls."""

    rows: list[Row]
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        return self.rows[0]

    def headers(self) -> dict[str, Any]:
        """The key, and the traces that go on here: one as the message's own, the others `also`."""
        traces = list(dict.fromkeys(row.traceparent for row in self.rows if row.traceparent))
        headers: dict[str, Any] = {"key": self.row.key}
        if traces:
            headers["traceparent"] = traces[0]
        if len(traces) > 1:
            headers["also"] = traces[1:SPANS_A_BATCH]
        return headers


def gather(rows: Iterable[Row]) -> tuple[list[Message], list[Result]]:
    """The messages that rows make, in the rows' order, and the rows that make none, refused for good."""
    messages: list[Message] = []
    refused: list[Result] = []
    calls: dict[tuple[str, str, str], Message] = {}
    for row in rows:
        try:
            kwargs = _arguments(row)
        except ValueError as error:
            refused.append(Result(row.id, ok=False, error=str(error), permanent=True))
            continue
        # One that is to come later must not wait for another, nor hold it up.
        place = (row.destination, row.type, row.key) if row.type in CALLS and not row.delay_seconds else None
        if place in calls:
            call = calls[place]
            call.rows.append(row)
            call.kwargs = {name: value for name, value in call.kwargs.items() if (name, value) in kwargs.items()}
            continue
        messages.append(Message([row], kwargs))
        if place is not None:
            calls[place] = messages[-1]
    return messages, refused


def _arguments(row: Row) -> dict[str, Any]:
    kwargs = json.loads(bytes(row.payload))
    if not isinstance(kwargs, dict):
        raise ValueError(f"the arguments of {row.type} are no object: {str(kwargs)[:100]}")
    return kwargs
