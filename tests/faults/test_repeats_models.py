"""Row 7 of every read model: facts of all topics, and traffic that has no sequence, ten times and shuffled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from messaging import topology
from messaging.consuming.group import all_groups
from messaging.envelope import Envelope
from messaging.models import DeadLetter, ParkedRecord
from tests import story
from tests.market.market import envelopes, model_of
from tests.messaging.consuming.running import side_by_side, wait_until_caught_up
from tests.messaging.streams import make_topic, produce

from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

TIMES = 10
#: The generation of a model that was told everything once, in order.
ONCE = 777
#: What a short story leaves empty: the audit signs every thousandth entry.
EMPTY = {"AuditCheckpoint"}


@pytest.mark.fault(7, "every fact of every topic, and every tick, ten times, shuffled, to every model")
def test_row_7_every_model_counts_each_fact_once(fault: Row, settings: Any) -> None:
    settings.SURCHARGE_BOUNDS = (0, 200)
    make_topic(*(topic.name for topic in topology.topics()))
    groups = [group for group in all_groups() if group.replayable]
    once: dict[str, list[Envelope]] = {}
    with side_by_side(groups):
        for trial, chance in enumerate(fault.run(short=1, full=10)):
            # given: a day in the city
            story.live(f"day-{trial}")
            told = story.told(seed=chance.randint(1, 10**6), seconds=15)

            # when: each of it comes ten times, in no order
            for topic, records in told.items():
                once.setdefault(topic, []).extend(envelopes(records))
                copies = records * TIMES
                chance.shuffle(copies)
                produce(copies, topic=topic)
            for group in groups:
                wait_until_caught_up(group, within=60)

    # then: the models are those of readers that were told once, in order
    for group in groups:
        events = [event for topic in group.topics for event in once.get(topic, [])]
        live = model_of(group, 1)
        assert {table for table, rows in live.items() if not rows} <= EMPTY, group.name
        if group.name == "audit":
            # Its rows say where in Kafka each stands, so only which there are can be compared.
            assert Counter((row[3], row[4]) for row in live["AuditEntry"]) == Counter(
                (event.key, event.sequence) for event in events
            )
            continue
        group.handler([event for event in events if group.types is None or event.type in group.types], generation=ONCE)
        assert live == model_of(group, ONCE), group.name
    assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()
    fault.measures["records"] = f"{sum(map(len, once.values()))}, each {TIMES} times"
