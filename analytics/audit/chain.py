"""The hash chain: each entry's hash takes in the one before it, so that no entry can change, go or move unseen.

Pure. A chain is a function of what a partition holds, in its order, and of nothing else: a replay gives the same
hashes. A signature proves that a hash was written by a program that had the key, which the database has not.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

#: Every so many entries of a partition a signed checkpoint is written.
CHECKPOINT_EVERY = 1000


class Fact(NamedTuple):
    """What an entry's hash covers, beside the hash before it. `position` counts a partition's entries from 1; times are
    as `in_utc` writes them.
    """

    position: int
    offset: int
    key: str
    sequence: int | None
    event_id: UUID | str
    type: str
    time: str
    recorded_at: str | None
    actor_role: str
    actor_id: int | None
    payload: str


def genesis(topic: str, partition: int) -> str:
    """What the first entry of a partition follows."""
    return hashlib.sha256(f"forkroad audit {topic}[{partition}]".encode()).hexdigest()


def link(before: str, fact: Fact) -> str:
    """SHA-256 over the hash before and the fact, in hex.

    The lengths of the texts stand before them, so that no two facts are written alike.
    """
    position, offset, key, sequence, event_id, kind, time, recorded_at, role, actor, payload = fact
    return hashlib.sha256(
        f"{before} {position} {offset} {sequence} {event_id} {time}"
        f" {recorded_at} {actor} {len(key)} {len(kind)} {len(role)}"
        f" {key}{kind}{role}{payload}".encode()
    ).hexdigest()


def sign(key: str, what: str, topic: str, partition: int, count: int, offset: int, head: str) -> str:
    """HMAC-SHA-256 of a chain's head after `count` entries; `what` tells a checkpoint from the newest head."""
    text = f"forkroad audit {what} {topic}[{partition}] {count} {offset} {head}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def in_utc(moment: datetime) -> str:
    """A time as it is hashed, whichever zone it was told in."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()
