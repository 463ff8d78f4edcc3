"""A replay from Kafka writes the chain anew, and it ends where the live one does."""

from __future__ import annotations

import pytest

from analytics.audit.verify import verify
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import get_group
from messaging.consuming.replay import replay
from tests.messaging.consuming.running import make_topics, running, wait_until_caught_up
from tests.messaging.streams import Record, a_key, produce

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def test_a_replay_gives_the_live_chains_heads() -> None:
    group = get_group("audit")
    make_topics(group)
    keys = [a_key() for _ in range(8)]
    with running(group):
        # In several polls, so that the live chain grows batch by batch.
        for number in range(1, 5):
            produce([Record(key, number) for key in keys])
            wait_until_caught_up(group)
        live = verify()
        assert (live.generation, live.entries, live.findings) == (1, 32, [])
        assert rebuild_and_compare(group) == []
        replay(group)
    replayed = verify()
    assert (replayed.generation, replayed.findings) == (2, [])
    assert replayed.heads == live.heads
    # What was replaced is kept, and still holds.
    assert verify(generation=1).findings == []
