"""Payments that fail in numbers: a card is declined now and then, a gateway that is broken declines everybody."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from messaging.alerting.watching import keep
from orders.models import Payment, PaymentHistory

from .events import PaymentAuthorised, PaymentDeclined

#: The incident; its subject is `gateway`.
PAYMENT_FAILURES = "payment_failures"
#: Wall time looked back upon, and answers of the gateway: the newest of these.
WINDOW, NEWEST = timedelta(minutes=10), 500
#: Fewer answers prove nothing, and so much of them may be a bad afternoon.
LEAST, SHARE = 20, 0.5
#: Wall time after which a payment without any answer counts as failed.
UNANSWERED = timedelta(minutes=1)


def watch_payments() -> int:
    """Open the incident while more than half of at least 20 payments of the last ten minutes fail."""
    answers = list(
        PaymentHistory.objects.filter(Q(type=PaymentAuthorised.type) | Q(type=PaymentDeclined.type))
        .filter(recorded_at__gt=Now() - WINDOW)
        .order_by("-pk")
        .values_list("type", flat=True)[:NEWEST]
    )
    declined = answers.count(PaymentDeclined.type)
    old = Payment.objects.filter(state=Payment.State.PENDING, updated_at__lt=Now() - UNANSWERED)
    silent = old.filter(order__created_at__gt=Now() - WINDOW).count()
    asked, failed = len(answers) + silent, declined + silent
    if asked < LEAST or failed <= SHARE * asked:
        return keep(PAYMENT_FAILURES, {})
    return keep(
        PAYMENT_FAILURES,
        {
            "gateway": f"{failed} of {asked} payments failed in ten minutes: {declined} declined, {silent} without an"
            " answer. Is the gateway well?"
        },
    )
