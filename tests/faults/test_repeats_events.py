"""Every event delivered ten times and shuffled: readers apply 1..n of each key, in order, once."""

from __future__ import annotations

from collections import Counter

import pytest

from analytics.models import AuditEntry
from messaging.envelope import encode_headers
from messaging.models import DeadLetter, OutboxRow
from orders.models import OrderHistory
from tests.messaging.streams import Record, produce, read_all
from tests.system import running

from .facts import place, tell_many
from .promises import assert_kept
from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

TIMES = 10


def owed() -> list[Record]:
    """What the relay would send now, taken from the outbox."""
    rows = list(OutboxRow.objects.filter(road="kafka", destination="orders.events"))
    OutboxRow.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [
        Record(
            key=row.key,
            value=bytes(row.payload),
            headers=encode_headers(
                event_id=row.message_id,
                type=row.type,
                key=row.key,
                sequence=row.sequence,
                time=row.time,
                recorded_at=row.recorded_at,
            ),
        )
        for row in rows
    ]


@pytest.mark.fault(7, "every event is delivered 10 times, shuffled")
def test_row_7_events_ten_times_and_shuffled(fault: Row) -> None:
    orders = place(20)
    with running("consume"):
        for chance in fault.run(short=2, full=50):
            tell_many(orders, facts=chance.randint(1, 5))
            records = owed() * TIMES
            chance.shuffle(records)
            produce(records)
        # The first telling is shuffled too, so the topic itself is out of order: that is the fault.
        assert_kept(apart_from={"changes_in_kafka"})
    committed = set(OrderHistory.objects.values_list("event_id", flat=True))
    assert Counter(event.id for event in read_all(within=60)) == dict.fromkeys(committed, TIMES)
    for order in orders:
        story = list(AuditEntry.objects.filter(key=str(order)).order_by("id").values_list("sequence", flat=True))
        assert story == list(range(1, len(story) + 1))
    assert not DeadLetter.objects.exists()
    fault.measures["deliveries"] = f"{len(committed) * TIMES} of {len(committed)} events"
