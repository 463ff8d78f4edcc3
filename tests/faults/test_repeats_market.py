"""Row 7 of the market: ticks, which have no sequence, and facts of fees ten times and shuffled, to three groups."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from messaging.envelope import Envelope
from messaging.models import DeadLetter
from orders.pricing.quotes import quote_for
from tests import factories
from tests.market.market import a_market, ago, envelopes, flat, model_of, owed, readers
from tests.messaging.consuming.running import side_by_side, wait_until_caught_up
from tests.messaging.streams import make_topic, produce
from tests.orders.pricing.test_quotes import order

from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

TIMES = 10
#: The generation of a model that was told everything once, in order.
ONCE = 777


@pytest.mark.fault(7, "every tick and every fact of a fee ten times, shuffled")
def test_row_7_the_readers_of_the_market_count_each_once(fault: Row, settings: Any) -> None:
    settings.SURCHARGE_BOUNDS = (0, 200)
    groups = readers()
    for topic in sorted({topic for group in groups for topic in group.topics}):
        make_topic(topic)
    once: dict[str, list[Envelope]] = {}
    with side_by_side(groups):
        for chance in fault.run(short=1, full=10):
            # given: a market, and orders at the fee that was shown
            shop = factories.make_restaurant(f"shop-{uuid.uuid4().hex[:6]}", delivery_fee=290)
            for _ in range(3):
                shown = quote_for(shop)
                order(shop, quote=shown.pk, total=shown.fee + 900, key=uuid.uuid4().hex)
            told = owed()
            ticks = a_market(40, until=ago(seconds=20), seed=chance.randint(0, 10**6))
            told["pricing.ticks"] = [*ticks, *flat("centre", 9, 0, seconds=15)]

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
        events = [event for topic in group.topics for event in once.get(topic, []) if event.type in (group.types or ())]
        group.handler(events, generation=ONCE)
        assert model_of(group, 1) == model_of(group, ONCE), group.name
        assert all(model_of(group, 1)[table] for table in EXPECTED[group.name])
    assert not DeadLetter.objects.exists()
    fault.measures["records"] = f"{sum(map(len, once.values()))}, each {TIMES} times"


EXPECTED = {
    "pricing": ["Pressure"],
    "monitoring": ["MarketBucket", "Anomaly"],
    "compliance": ["QuoteRecord", "ChargeRecord", "MarketSpan"],
}
