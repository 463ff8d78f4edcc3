"""Money: the ledger balances, agrees with the payments, and both agree with what the gateway itself has taken.

Written in SQL over the tables, sharing no line with what posts: two ways to the same figures check each other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
from django.conf import settings
from django.db import connection

from messaging.models import OutboxRow
from orders.models import FINAL, Order, Payment, PaymentHistory, Refund, Status
from orders.payments.events import TOPIC

from .report import Violation
from .streams import read_stream

State = Payment.State

#: Wall seconds that an answer of the gateway may take to be written down.
PATIENCE = 5.0


def ledger_balances() -> Iterator[Violation]:
    """Each posting sums to zero over at least two entries, and so does the whole."""
    rows = _rows(
        """
        SELECT p.key, count(e.id), coalesce(sum(e.amount), 0)
        FROM orders_posting p LEFT JOIN orders_entry e ON e.posting_id = p.id
        GROUP BY p.id HAVING count(e.id) < 2 OR coalesce(sum(e.amount), 0) <> 0
        """
    )
    for key, entries, total in rows:
        yield Violation(str(key), f"has {entries} entries, which sum to {total}")


def ledger_equals_payments() -> Iterator[Violation]:
    """Cash by the ledger is captures less refunds, order by order; each delivered order is sold once, at its price."""
    rows = _rows(
        """
        WITH told AS (
            SELECT p.order_id,
                   coalesce(sum(e.amount) FILTER (WHERE e.account = 'gateway'), 0) AS cash,
                   coalesce(sum(e.amount) FILTER (WHERE e.account = 'customers' AND p.kind = 'sale'), 0) AS sold
            FROM orders_posting p JOIN orders_entry e ON e.posting_id = p.id GROUP BY 1
        ), given AS (
            SELECT payment_id, sum(amount) AS back FROM orders_refund WHERE state = 'succeeded' GROUP BY 1
        )
        SELECT o.id, coalesce(t.cash, 0), y.captured - coalesce(g.back, 0), coalesce(t.sold, 0),
               CASE WHEN o.status = 'delivered' THEN o.total ELSE 0 END, y.refunded, coalesce(g.back, 0)
        FROM orders_order o JOIN orders_payment y ON y.order_id = o.id
        LEFT JOIN told t ON t.order_id = o.id LEFT JOIN given g ON g.payment_id = y.id
        WHERE coalesce(t.cash, 0) <> y.captured - coalesce(g.back, 0) OR y.refunded <> coalesce(g.back, 0)
           OR coalesce(t.sold, 0) <> CASE WHEN o.status = 'delivered' THEN o.total ELSE 0 END
        """
    )
    for order, cash, kept, sold, total, refunded, back in rows:
        if cash != kept:
            yield Violation(str(order), f"has {cash} in the ledger, and {kept} captured less refunds")
        if sold != total:
            yield Violation(str(order), f"is sold for {sold} in the ledger, and owed {total}")
        if refunded != back:
            yield Violation(str(order), f"says {refunded} given back, and its refunds {back}")


def gateway_agrees() -> Iterator[Violation]:
    """The sandbox's own books tell the same: each payment taken once at most, the same given back, none unknown here.

    Stripe has no such page: there its reports are compared by people.
    """
    found = {violation.subject: violation for violation in _differences()}
    deadline = time.monotonic() + PATIENCE
    # What the gateway has done already and a worker is about to write down is no difference.
    while found and time.monotonic() < deadline:
        time.sleep(0.5)
        now = {violation.subject: violation for violation in _differences()}
        found = {subject: now[subject] for subject in found if subject in now}
    yield from found.values()


def _differences() -> Iterator[Violation]:
    try:
        headers = {"Authorization": f"Bearer {settings.PAYMENT_GATEWAY_KEY}"}
        answer = httpx.get(f"{settings.PAYMENT_GATEWAY_URL}/sandbox/books", headers=headers, timeout=30)
        books: dict[str, dict[str, Any]] = answer.json() if answer.status_code == 200 else {}
    except (httpx.TransportError, ValueError) as error:
        yield Violation(settings.PAYMENT_GATEWAY_URL, f"does not answer: {error}")
        return
    if answer.status_code != 200:
        return
    known = Payment.objects.filter(gateway_reference__startswith="pi_").exclude(state=State.PENDING)
    for reference, order, captured, refunded in known.values_list(
        "gateway_reference", "order_id", "captured", "refunded"
    ).iterator():
        book = books.pop(reference, None)
        if book is None:
            yield Violation(str(order), f"is paid by {reference}, which the gateway does not know")
        elif (book["received"], book["refunded"]) != (captured, refunded):
            yield Violation(
                str(order),
                f"has {captured} captured, {refunded} refunded; the gateway {book['received']}, {book['refunded']}",
            )
        elif book["captures"] > 1:
            yield Violation(str(order), f"was captured {book['captures']} times")
    for reference, book in books.items():
        if book["received"]:
            yield Violation(reference, f"has taken {book['received']}, and no payment here knows of it")


def payments_in_kafka() -> Iterator[Violation]:
    """Each committed fact of a payment stands in `payments.transactions`, in order, under its own event id."""
    ordered = PaymentHistory.objects.order_by("payment_id", "sequence")
    facts = list(ordered.values_list("payment_id", "sequence", "event_id"))
    # In this order: what is in neither the outbox nor the topic was not on its way either.
    waiting = set(OutboxRow.objects.filter(destination=TOPIC).values_list("message_id", flat=True))
    stream = read_stream(TOPIC)
    yield from stream.gaps
    for payment, sequence, event_id in facts:
        if event_id in waiting:
            continue
        told = stream.ids.get((str(payment), sequence))
        if told != str(event_id):
            yield Violation(str(payment), f"fact {sequence} is event {event_id} in the database, {told} in Kafka")


def payments_ended() -> Iterator[Violation]:
    """Each order that has ended is paid or let go, and each approved refund given back."""
    open_ends = Payment.objects.filter(order__in=Order.objects.filter(status__in=FINAL)).filter(
        state__in=[State.PENDING, State.ACTION, State.AUTHORISED]
    )
    for order, state, status in open_ends.values_list("order_id", "state", "order__status").iterator():
        yield Violation(str(order), f"is {status}, and its payment still {state}")
    undelivered = Payment.objects.filter(order__status=Status.DELIVERED, state=State.VOIDED)
    for order in undelivered.values_list("order_id", flat=True):
        yield Violation(str(order), "was delivered, and its payment let go")
    for refund, order in Refund.objects.filter(state=Refund.State.APPROVED).values_list("pk", "payment__order"):
        yield Violation(str(order), f"refund {refund} is approved and not given back")


def under_way() -> bool:
    """Whether the payments queue has still to finish something that it was told of."""
    return next(payments_ended(), None) is not None


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
