"""What a road's sender must do, and how its answers decide which rows may be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Row(NamedTuple):
    """An outbox row as the relay reads it, in the column order of `rows.SELECT`; times as `envelope.rfc3339` writes."""

    id: int
    shard: int
    destination: str
    type: str
    key: str
    sequence: int | None
    message_id: str
    time: str
    payload: bytes
    traceparent: str
    delay_seconds: int
    recorded_at: str
    attempts: int


class Answer(Protocol):
    """What became of one row: acknowledged (`ok`), refused for good (`permanent`), or neither: to be tried again."""

    @property
    def row_id(self) -> int: ...
    @property
    def ok(self) -> bool: ...
    @property
    def error(self) -> str: ...
    @property
    def permanent(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Result:
    row_id: int
    ok: bool
    error: str = ""
    permanent: bool = False


class Sender(Protocol):
    """Puts rows on their broker. Raises when it could not even begin; never says ok without an acknowledgement."""

    def send(self, rows: Sequence[Row], /) -> Sequence[Answer]: ...


@dataclass(slots=True)
class Settled:
    """A batch after the broker's answers: rows to delete, and the first row of each key that stands in the way."""

    done: list[int] = field(default_factory=list)
    failed: list[tuple[Row, Answer]] = field(default_factory=list)

    @property
    def total_failure(self) -> bool:
        """Nothing went through and nothing was refused for good: the broker is away, no row is at fault."""
        return bool(self.failed) and not self.done and not any(answer.permanent for _, answer in self.failed)


def settle(rows: Sequence[Row], answers: Sequence[Answer]) -> Settled:
    """Split a batch into each key's acknowledged prefix and what blocks the rest.

    A later row of a key that was acknowledged behind a failed one stays too: it is sent again after it, and readers
    tell the repeat by its sequence. Deleting it would leave the order to luck.
    """
    by_id = {answer.row_id: answer for answer in answers}
    settled = Settled()
    stopped: set[tuple[str, str]] = set()
    for row in rows:
        stream = (row.destination, row.key)
        if stream in stopped:
            continue
        answer = by_id.get(row.id) or Result(row.id, ok=False, error="the sender gave no answer for this row")
        if answer.ok:
            settled.done.append(row.id)
        else:
            stopped.add(stream)
            settled.failed.append((row, answer))
    return settled
