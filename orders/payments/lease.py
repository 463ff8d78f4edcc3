"""One worker at a time calls the gateway for a payment. The claim is a lease: a dead worker's runs out by itself.

The idempotency keys already make a repeated call harmless. The lease makes different calls follow one another: a void
that overtook the authorisation it is to undo would find nothing to let go of.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now

from orders.models import Payment


class LeaseHeld(Exception):
    """Another worker is calling the gateway for this payment: the message must come back later."""


def lease_length() -> timedelta:
    """Past the hard limit of a task its holder is certainly gone."""
    return timedelta(seconds=settings.TASK_LIMIT_SECONDS + 1)


@contextlib.contextmanager
def leased(payment: Payment) -> Iterator[None]:
    """Hold the payment's lease, and bring the payment up to date under it.

    Raises:
        LeaseHeld: another's has not run out.
    """
    token = uuid.uuid4()
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    claimed = Payment.objects.filter(free, pk=payment.pk).update(leased_until=Now() + lease_length(), lease=token)
    if claimed != 1:
        raise LeaseHeld(f"payment {payment.pk} is in another worker's hands")
    try:
        payment.refresh_from_db()
        yield
    finally:
        # Without the database it runs out all the same.
        with contextlib.suppress(DatabaseError):
            Payment.objects.filter(pk=payment.pk, lease=token).update(leased_until=None, lease=None)
