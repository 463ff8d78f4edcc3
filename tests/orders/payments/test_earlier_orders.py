"""Orders of before the ledger: the migration posts what they came to, and forgets holds that nobody can capture."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from config.verify import money
from orders.models import Order, Payment, Posting
from orders.payments import ledger
from tests import factories

from .conftest import Provider, delivered, payment_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_delivered_and_paid_is_posted(provider: Provider) -> None:
    # given: rows as they were, of every state
    paid, owing, held, waiting = (factories.ready_order() for _ in range(4))
    cancelled = factories.place_order()
    for order in (paid, owing):
        Order.objects.filter(pk=order.pk).update(courier_id=7)
        delivered(order)
    Payment.objects.filter(order=paid).update(state="captured", gateway_reference="sandbox-1")
    Payment.objects.filter(order__in=[held, owing]).update(gateway_reference="")
    Payment.objects.filter(order=owing).update(gateway_reference="sandbox-2")
    Payment.objects.filter(order=cancelled).update(state="voided", gateway_reference="sandbox-3")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orders_posting CASCADE")

        # when
        [operation] = import_module("orders.migrations.0005_ledger_of_earlier_orders").Migration.operations
        cursor.execute(operation.sql.replace("%", "%%"), [])

    # then
    assert set(Posting.objects.values_list("key", flat=True)) == {
        f"sale/{paid.pk}",
        f"sale/{owing.pk}",
        f"capture/{paid.payment.pk}",
    }
    assert ledger.receipt_of(paid) == ledger.Receipt(charged=1190, paid=1190, refunded=0)
    assert ledger.courier_earned(7) == 580
    assert (list(money.ledger_balances()), list(money.ledger_equals_payments())) == ([], [])
    assert (payment_of(paid).captured, payment_of(owing).gateway_reference) == (1190, "")
    assert payment_of(waiting).gateway_reference.startswith("pi_")
