"""`verify` names each order whose fee is not the one that was shown, by the orders themselves and by the fee record."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from analytics.models import ChargeRecord, QuoteRecord
from config.verify import fees
from messaging.models import OutboxRow
from messaging.topology import topics
from orders.models import Order
from orders.pricing.fares import reprice
from orders.pricing.quotes import quote_for
from tests import factories
from tests.messaging.streams import make_topic
from tests.orders.pricing.test_quotes import order

from .test_verify import broken, read_events, send_events, verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


@pytest.fixture
def charged(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Order:
    """An order at the fee of a busy hour, which was shown before; another, by a program that asked for no quote."""
    settings.SURCHARGE_BOUNDS = (0, 200)
    monkeypatch.setattr(fees, "PATIENCE", 0.0)
    make_topic(*(topic.name for topic in topics()))
    shop = factories.make_restaurant(delivery_fee=290)
    order(shop, quote=None, total=900 + 290, key="unquoted")
    reprice({"centre": 10.0})
    placed = order(shop, quote=quote_for(shop).pk, total=900 + 490)
    send_events()
    read_events()
    OutboxRow.objects.filter(road="sqs").delete()
    return placed


@contextlib.contextmanager
def without_triggers(table: str) -> Iterator[None]:
    """As somebody with the owner's rights could."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def unquoted_fees() -> Iterator[None]:
    """Take away what holds an order to its quote."""
    define = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'order_fee_as_quoted'"
    with connection.cursor() as cursor:
        cursor.execute(define)
        (constraint,) = cursor.fetchone()
        cursor.execute("ALTER TABLE orders_order DROP CONSTRAINT order_fee_as_quoted")
        yield
        cursor.execute("UPDATE orders_order SET quote_id = NULL")
        cursor.execute(f"ALTER TABLE orders_order ADD CONSTRAINT order_fee_as_quoted {constraint}")


def found(answer: dict[str, Any]) -> list[str]:
    return [example["detail"] for check in answer["checks"] if not check["kept"] for example in check["examples"]]


def test_fees_charged_as_shown_break_nothing(charged: Order) -> None:
    assert (charged.delivery_fee, broken(verify("--no-replay"))) == (490, {})


@pytest.mark.usefixtures("unquoted_fees")
def test_an_order_that_was_charged_another_fee_is_named(charged: Order) -> None:
    Order.objects.filter(pk=charged.pk).update(delivery_fee=540, total=1440)
    answer = verify("--no-replay")
    assert broken(answer) == {"fee_shown_was_charged": [str(charged.pk)]}
    assert found(answer) == ["was charged a fee of 540; 490 was shown"]

    Order.objects.filter(pk=charged.pk).update(quote=uuid.uuid4())
    assert found(verify("--no-replay")) == ["was charged a fee of 540, and names a quote that is not there"]


def test_a_record_of_another_quote_is_named(charged: Order) -> None:
    with without_triggers("analytics_quoterecord"):
        QuoteRecord.objects.update(fee=440)
    answer = verify("--no-replay")
    assert broken(answer) == {"fees_by_the_record": [str(charged.pk)]}
    assert found(answer) == ["the fee charged is not the fee shown: 490 charged, 440 shown"]


def test_a_record_of_another_charge_is_named(charged: Order) -> None:
    with without_triggers("analytics_chargerecord"):
        ChargeRecord.objects.filter(quote_id__isnull=False).update(fee=440, total=1340)
    names = {"compliance_equals_history": ["analytics_chargerecord"] * 2, "fees_by_the_record": [str(charged.pk)]}
    assert broken(verify("--no-replay")) == names


def test_a_quote_that_was_never_told_is_named(charged: Order) -> None:
    with without_triggers("analytics_quoterecord"):
        QuoteRecord.objects.all().delete()
    answer = verify("--no-replay")
    assert broken(answer) == {"fees_by_the_record": [str(charged.pk)]}
    assert found(answer) == ["its quote has not been told yet: 490 charged"]
