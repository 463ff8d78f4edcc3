"""The record of fees: what was shown, charged and taken, from events alone, and what follows from it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analytics.compliance import apply as compliance
from analytics.compliance import selectors
from analytics.models import ChargeRecord, FareRecord, QuoteRecord, TakenRecord
from messaging.consuming.positions import live_number
from messaging.envelope import Envelope, Event
from orders.events import OrderPlaced
from orders.payments.events import PaymentCaptured
from orders.pricing.events import FareChanged, FeeQuoted

from .market import a_market, ago, envelopes, flat, model_of, readers

pytestmark = pytest.mark.django_db

ORDER, QUOTE = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


def told(event: Event, *, at: datetime | None = None) -> Envelope:
    when = at or timezone.now()
    return Envelope(id=uuid.uuid4(), type=event.type, key="k", sequence=1, time=when, recorded_at=when, data=event)


def a_fare(**changes: Any) -> FareChanged:
    values: dict[str, Any] = {
        "zone": "centre",
        "version": 1,
        "surcharge": 100,
        "lowest": 0,
        "highest": 200,
        "pressure": 2.5,
        "reason": "demand",
    }
    return FareChanged(**(values | changes))


def a_quote(**changes: Any) -> FeeQuoted:
    values: dict[str, Any] = {
        "quote_id": QUOTE,
        "restaurant_id": 3,
        "zone": "centre",
        "fare_version": 1,
        "usual": 290,
        "fee": 390,
        "lowest": 0,
        "highest": 200,
        "valid_until": timezone.now() + timedelta(minutes=15),
    }
    return FeeQuoted(**(values | changes))


def an_order(**changes: Any) -> OrderPlaced:
    values: dict[str, Any] = {
        "order_id": ORDER,
        "restaurant_id": 3,
        "customer_id": 5,
        "zone": "centre",
        "status": "placed",
        "by": "customer",
        "restaurant": "Soup",
        "lines": [],
        "subtotal": 1000,
        "delivery_fee": 390,
        "total": 1390,
        "currency": "EUR",
        "quote_id": QUOTE,
    }
    return OrderPlaced(**(values | changes))


def a_payment(amount: int) -> PaymentCaptured:
    return PaymentCaptured(
        payment_id=str(uuid.UUID(int=4)),
        order_id=ORDER,
        customer_id=5,
        restaurant_id=3,
        state="captured",
        amount=amount,
        captured=amount,
        refunded=0,
        currency="EUR",
    )


def write(*events: Event) -> None:
    compliance.apply([told(event) for event in events], generation=live_number("compliance"))


def verdict() -> str:
    (charge,) = selectors.charges()
    assert selectors.numbers() == {charge.verdict: 1}
    assert [one.order_id for one in selectors.violations()] == ([] if charge.fine else [charge.order_id])
    return charge.verdict


def test_a_fee_charged_as_shown_is_kept_whatever_topic_comes_first() -> None:
    facts: list[Event] = [a_fare(), a_quote(), an_order(), a_payment(1390)]
    for number, order in enumerate(permutations(facts), start=1):
        for event in order:
            compliance.apply([told(event, at=ago(seconds=5))], generation=100 + number)
    counts = {
        table: set(table._default_manager.values_list("generation", flat=True))
        for table in (FareRecord, QuoteRecord, ChargeRecord, TakenRecord)
    }
    assert all(generations == set(range(101, 125)) for generations in counts.values())
    write(*facts)
    assert verdict() == "kept"


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ([a_fare(), a_quote(), an_order(delivery_fee=440, total=1440)], "other_fee"),
        ([a_fare(), a_quote(restaurant_id=4), an_order()], "other_restaurant"),
        ([a_fare(), a_quote(fee=510), an_order(delivery_fee=510, total=1510)], "out_of_bounds"),
        ([a_fare(surcharge=50), a_quote(), an_order()], "not_the_fare"),
        ([a_fare(highest=150), a_quote(), an_order()], "not_the_fare"),
        ([a_quote(fare_version=0), an_order()], "not_the_fare"),
        ([a_fare(), a_quote(), an_order(), a_payment(1490)], "other_amount"),
        ([a_fare(), a_quote(valid_until=ago(minutes=2)), an_order()], "expired"),
        ([a_quote(), an_order()], "fare_unknown"),
        ([a_fare(), an_order()], "quote_unknown"),
        ([an_order(quote_id="")], "unquoted"),
        ([a_quote(fare_version=0, fee=290), an_order(delivery_fee=290, total=1290)], "kept"),
    ],
)
def test_each_way_of_not_keeping_is_named(facts: list[Event], found: str) -> None:
    write(*facts)
    assert verdict() == found


def test_nothing_that_was_written_is_changed_or_removed() -> None:
    write(a_fare(), a_quote(), an_order(), a_payment(1390))
    for table in (FareRecord, QuoteRecord, ChargeRecord, TakenRecord):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table._default_manager.all().update(generation=9)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table._default_manager.all().delete()
        assert table._default_manager.count() == 1


def test_what_comes_again_is_written_once_and_an_old_order_event_without_a_quote_is_read() -> None:
    facts = [told(event) for event in (a_fare(), a_quote(), an_order(), a_payment(1390))]
    compliance.apply(facts * 10, generation=1)
    compliance.apply(facts, generation=1)
    (group,) = [group for group in readers() if group.name == "compliance"]
    assert [len(found) for found in model_of(group, 1).values()] == [1, 1, 1, 1, 0]


def test_a_surcharge_without_a_busy_market_is_named_and_one_with_it_is_not() -> None:
    live = live_number("compliance")
    compliance.apply(envelopes(flat("centre", 1, 4, seconds=30)), generation=live)
    compliance.apply(envelopes(flat("harbour", 9, 1, seconds=30)), generation=live)
    write(a_fare(), a_fare(zone="harbour"), a_fare(zone="unheard"), a_fare(zone="wrong", surcharge=300))
    found = {fare.zone: fare.trouble for fare in selectors.fares()}
    assert "no more orders than couriers" in found["centre"]
    assert (found["harbour"], found["unheard"], found["wrong"]) == ("", "", "outside its bounds")


def test_the_span_of_a_market_is_the_same_however_often_and_in_whatever_order_its_ticks_come() -> None:
    ticks = envelopes(a_market(150))
    (group,) = [group for group in readers() if group.name == "compliance"]
    compliance.apply(ticks, generation=1)
    for part in range(5):
        compliance.apply(list(reversed(ticks * 10))[part::5], generation=2)
    assert model_of(group, 1) == model_of(group, 2)
    assert model_of(group, 1)["MarketSpan"]
