"""The sum of the ledger is captures less refunds over a full simulated day: for each day, account and party, against
the gateway's own books and the payments' events in Kafka.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.db.models import Sum
from kafka import TopicPartition
from pytest_django import Settings

from config.verify import money
from messaging import kafka
from messaging.envelope import Envelope, decode
from messaging.names import full_topic
from orders.models import Account, Entry, Order, Posting, Refund, Status
from orders.payments import events, ledger
from orders.payments.events import PaymentCaptured, PaymentRefunded
from tests.orders.payments.conftest import Provider
from tests.orders.payments.conftest import provider as provider
from tests.orders.payments.day import FATES, Day

from .test_payments import no_difference
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads", "provider")]

#: From midnight to midnight; the short cut has the hours around one.
BEGAN = datetime(2026, 5, 4, 0, 0, tzinfo=UTC) if FULL else datetime(2026, 5, 4, 22, 0, tzinfo=UTC)
HOURS, ORDERS_AN_HOUR = (24.0, 30.0) if FULL else (4.0, 20.0)

#: How each fate must end, whatever came between.
ENDS = {
    "declined": Status.PAYMENT_FAILED,
    "bank says no": Status.PAYMENT_FAILED,
    "bank hears nothing": Status.PAYMENT_FAILED,
    "bank is away": Status.CANCELLED,
    "customer cancels": Status.CANCELLED,
    "restaurant rejects": Status.REJECTED,
    "restaurant cancels": Status.CANCELLED,
    "nobody brings it": Status.UNDELIVERABLE,
    "operator cancels on the way": Status.CANCELLED,
}
Days = Counter[date]


def told() -> list[Envelope]:
    """Every fact of a payment that stands in Kafka, once."""
    consumer, found = kafka.consumer(), {}
    try:
        name = full_topic(events.TOPIC)
        partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500, max_records=2000).values():
                for record in records:
                    fact = decode(record.headers, record.value, topic=events.TOPIC)
                    assert fact is not None
                    found[fact.id] = fact
    finally:
        kafka.close_quietly(consumer)
    return list(found.values())


def cash_by_day() -> tuple[Days, Days]:
    """What the ledger says came in and went back on each day of the city, minor units."""
    came, went = Days(), Days()
    for kind, at, amount in Entry.objects.filter(account=Account.GATEWAY).values_list(
        "posting__kind", "posting__at", "amount"
    ):
        assert kind in (Posting.Kind.CAPTURE, Posting.Kind.REFUND)
        (came if kind == Posting.Kind.CAPTURE else went)[at.date()] += abs(amount)
    return came, went


def by_party(account: Account) -> dict[int | None, int]:
    """The account's balance with each party, minor units; settled ones are left out."""
    sums = Entry.objects.filter(account=account).values("party").annotate(total=Sum("amount")).order_by()
    return {row["party"]: row["total"] for row in sums if row["total"]}


def expected() -> dict[Account, Counter[int | None]]:
    """Every balance, from the orders and refunds alone, by another way than the ledger's own."""
    sums: dict[Account, Counter[int | None]] = {account: Counter() for account in Account}
    for order in Order.objects.filter(status=Status.DELIVERED):
        given = Refund.objects.filter(payment__order=order, state=Refund.State.SUCCEEDED)
        back = {row["reason"]: row["total"] for row in given.values("reason").annotate(total=Sum("amount")).order_by()}
        faults = sum(amount for reason, amount in back.items() if reason in ledger.RESTAURANTS_FAULT)
        dishes = min(faults, order.subtotal)
        kept_of = order.subtotal * 15 // 100 - dishes * 15 // 100
        sums[Account.GATEWAY][None] += order.total - sum(back.values())
        sums[Account.RESTAURANTS][order.restaurant_id] -= order.subtotal - dishes - kept_of
        sums[Account.REVENUE][None] -= kept_of
        sums[Account.REFUNDS][None] += sum(back.values()) - dishes
        sums[Account.COURIERS][order.courier_id] -= order.delivery_fee
    return sums


def books_agree(provider: Provider, captured: list[PaymentCaptured], refunded: list[PaymentRefunded]) -> None:
    """The gateway's own record: each payment taken once or not at all, and as much given back as the events say."""
    books = provider.books()
    took = {book["metadata"]["payment"]: book for book in books.values() if book["received"] or book["captures"]}
    assert {payment: book["received"] for payment, book in took.items()} == {
        fact.payment_id: fact.captured for fact in captured
    }
    assert {book["captures"] for book in took.values()} == {1}
    back: Counter[str] = Counter()
    for fact in refunded:
        back[fact.payment_id] += fact.refund_amount
    assert {payment: book["refunded"] for payment, book in took.items() if book["refunded"]} == dict(back)


@pytest.mark.fault(20, "a day of cards declined, banks that ask or are away, orders called off, money given back")
def test_a_full_day_of_money(fault: Row, provider: Provider, settings: Settings) -> None:
    # A card that answers too late costs this much wall time at each step; who is slow by chance is asked again.
    settings.PAYMENT_TIMEOUT_SECONDS = 1.0
    for dice in fault.run(short=1, full=1):
        day = Day(dice, provider, began=BEGAN, hours=HOURS, orders_an_hour=ORDERS_AN_HOUR)
        # given: a day on which every way is gone
        day.play()
        ends = Counter(day.ends())
        assert {fate for fate, _ in ends} == set(FATES)
        assert {(fate, ENDS.get(fate, Status.DELIVERED).value) for fate in FATES} == set(ends)
        assert day.repeated and day.later

        # when: all that happened is in Kafka
        call_command("relay", road="kafka", once=True)

        # then: each day's cash is that day's captures less its refunds, by the ledger, by Kafka and by the gateway
        facts = told()
        taken = [(fact.time.date(), fact.data) for fact in facts if isinstance(fact.data, PaymentCaptured)]
        given = [(fact.time.date(), fact.data) for fact in facts if isinstance(fact.data, PaymentRefunded)]
        came, went = Days(), Days()
        for date_of, capture in taken:
            came[date_of] += capture.captured
        for date_of, refund in given:
            went[date_of] += refund.refund_amount
        assert (came, went) == cash_by_day()
        assert len(came) >= 2 and len(went) >= 2, "the day ends at midnight, and its money does not"
        books_agree(provider, [capture for _, capture in taken], [refund for _, refund in given])
        assert dict(ledger.balances())[Account.GATEWAY] == came.total() - went.total()

        # and: every balance with everybody is what the orders say, and all of them are nothing together
        for account, sums in expected().items():
            assert by_party(account) == {party: total for party, total in sums.items() if total}, account
        assert sum(total for _, total in ledger.balances()) == 0
        assert {courier: ledger.courier_earned(courier) for courier in day.fees} == day.fees
        no_difference()
        assert list(money.payments_in_kafka()) == []
        fault.measures["orders"] = str(len(day.fates))
        fault.measures["captured"] = f"{came.total() / 100:.2f} EUR"
        fault.measures["given back"] = f"{went.total() / 100:.2f} EUR"
        fault.measures["commands that came twice"] = str(day.repeated)
