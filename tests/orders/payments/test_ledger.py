"""The ledger: every movement twice, nothing changed afterwards, and who gets what of an order."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from orders.models import Account, Entry, Order, Posting, Refund
from orders.payments import ledger
from orders.payments.ledger import commission
from tests import factories

from .conftest import Provider, captured_order, delivered

pytestmark = pytest.mark.django_db(transaction=True)


def entries(order: Order, kind: str) -> dict[str, int]:
    rows = Entry.objects.filter(posting__order=order, posting__kind=kind).values_list("account", "party", "amount")
    return {f"{account} {party or ''}".strip(): amount for account, party, amount in rows}


def a_posting(key: str = "x") -> Posting:
    order = Order.objects.first() or factories.place_order()
    return Posting.objects.create(key=key, kind="sale", order=order, currency="EUR", at=order.placed_at)


def post(*amounts: int) -> Posting:
    with transaction.atomic():
        posting = a_posting()
        for amount in amounts:
            Entry.objects.create(posting=posting, account=Account.REVENUE, amount=amount)
    return posting


def test_a_delivered_order_is_sold_and_then_paid(provider: Provider) -> None:
    order = captured_order(courier=7)
    assert entries(order, "sale") == {
        f"customers {order.customer_id}": 1190,
        f"restaurants {order.restaurant_id}": -765,
        "revenue": -135,
        "couriers 7": -290,
    }
    assert entries(order, "capture") == {"gateway": 1190, f"customers {order.customer_id}": -1190}
    assert ledger.receipt_of(order) == ledger.Receipt(charged=1190, paid=1190, refunded=0)
    assert ledger.courier_earned(7) == 290
    assert sum(total for _, total in ledger.balances()) == 0
    assert dict(ledger.balances())[Account.GATEWAY] == 1190


def test_what_is_delivered_and_not_captured_is_owed(provider: Provider) -> None:
    order = factories.ready_order()
    delivered(order)
    assert dict(ledger.balances())[Account.CUSTOMERS] == 1190
    assert ledger.receipt_of(order) == ledger.Receipt(charged=1190, paid=0, refunded=0)
    assert ledger.courier_earned(7, since=order.placed_at) == 0


def test_the_same_cause_is_posted_once(provider: Provider) -> None:
    order = captured_order()
    with pytest.raises(IntegrityError, match="orders_posting_key"), transaction.atomic():
        ledger.post_sale(order, at=order.placed_at)
    with pytest.raises(IntegrityError, match="orders_posting_key"), transaction.atomic():
        ledger.post_capture(order.payment, order)
    assert Posting.objects.count() == 2


@pytest.mark.parametrize("amounts", [(), (5,), (5, -4), (5, -5, 1)])
def test_a_posting_that_does_not_balance_is_not_committed(amounts: tuple[int, ...]) -> None:
    factories.place_order()
    with pytest.raises(IntegrityError, match="two sides and balances"):
        post(*amounts)
    assert (Posting.objects.count(), Entry.objects.count()) == (0, 0)


def test_an_entry_more_on_an_old_posting() -> None:
    factories.place_order()
    posting = post(5, -5)
    with pytest.raises(IntegrityError, match="sum to 3"):
        Entry.objects.create(posting=posting, account=Account.REVENUE, amount=3)
    with pytest.raises(IntegrityError, match="entry_amount_not_zero"):
        Entry.objects.create(posting=posting, account=Account.REVENUE, amount=0)
    assert Entry.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: Entry.objects.filter(pk=entry.pk).update(amount=7),
        lambda entry: Entry.objects.filter(pk=entry.pk).delete(),
        lambda entry: Posting.objects.update(key="another"),
        lambda entry: Posting.objects.filter(pk=entry.posting_id)._raw_delete("default"),
    ],
)
def test_nothing_written_is_changed(change: Any) -> None:
    factories.place_order()
    posting = post(5, -5)
    with pytest.raises(DatabaseError, match=r"append-only|permission denied|foreign key"):
        change(posting.entries.first())
    assert list(posting.entries.values_list("amount", flat=True)) == [5, -5]
    assert Posting.objects.get().key == "x"


def test_the_right_to_change_is_revoked() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relacl::text FROM pg_class WHERE relname = 'orders_entry'")
        (rights,) = cursor.fetchone()
    # a = insert, r = select, w = update, d = delete, D = truncate
    granted = rights.strip("{}").split("=")[1].split("/")[0]
    assert {"a", "r"} <= set(granted) and not {"w", "d"} & set(granted)


@pytest.mark.parametrize(
    ("reason", "restaurant", "revenue", "refunds"),
    [
        ("missing", 384, 67, 0),
        ("late", 0, 0, 451),
    ],
)
def test_who_bears_a_refund(provider: Provider, reason: str, restaurant: int, revenue: int, refunds: int) -> None:
    order = captured_order()
    refund = Refund.objects.create(payment=order.payment, amount=451, reason=reason, asked_at=order.placed_at)
    with transaction.atomic():
        ledger.post_refund(refund, order, before=0)
    told = entries(order, "refund")
    assert told.pop("gateway") == -451
    shares = {f"restaurants {order.restaurant_id}": restaurant, "revenue": revenue, "refunds": refunds}
    assert told == {account: amount for account, amount in shares.items() if amount}
    assert ledger.receipt_of(order).kept == 739


@given(parts=st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_many_small_refunds_cost_the_restaurant_what_a_great_one_does(parts: list[int]) -> None:
    def ours(before: int, amount: int) -> int:
        return commission(before + amount) - commission(before)

    done = [sum(parts[:index]) for index in range(len(parts))]
    assert sum(ours(before, part) for before, part in zip(done, parts, strict=True)) == commission(sum(parts))
