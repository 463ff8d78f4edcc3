"""The gateway's webhooks: believed only when signed now, and even then a reason to ask, never a fact.

They come late, twice and out of order. So none is applied: one that would change something sends a worker to ask the
gateway how the payment stands, and the answer is recorded like any other.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction

from messaging.outbox import send
from orders.models import GatewayEvent, Payment

from . import machine

State = Payment.State

#: Seconds that a signature is good for, to both sides: what was recorded cannot be sent again after that …
WINDOW = 300
# … and within it the event's id is known (`GatewayEvent`).

#: Type of event → states in which it says nothing new.
_UNDECIDED = machine.OPEN
_ALL = frozenset(State.values)
KNOWN_BY: dict[str, frozenset[str]] = {
    "payment_intent.requires_action": _ALL - {State.PENDING},
    "payment_intent.amount_capturable_updated": _ALL - _UNDECIDED,
    "payment_intent.payment_failed": _ALL - _UNDECIDED,
    "payment_intent.succeeded": _ALL - _UNDECIDED - {State.AUTHORISED},
    "payment_intent.canceled": _ALL - _UNDECIDED - {State.AUTHORISED},
}


class WebhookRefused(Exception):
    """Not believed: unsigned, signed by another or at another time, or not readable. Nothing was written."""


class _Object(msgspec.Struct):
    id: str = ""


class _Data(msgspec.Struct):
    object: _Object


class Event(msgspec.Struct):
    """What is read of an event; the rest of it is not needed, and not trusted."""

    id: str
    type: str
    data: _Data


def read_event(body: bytes, signature: str, *, now: float | None = None) -> Event:
    """The event of a raw body, if the signature header fits it.

    Raises:
        WebhookRefused: it does not, or is older or newer than WINDOW.
    """
    secret: str = settings.PAYMENT_WEBHOOK_SECRET
    if not secret:
        raise WebhookRefused("PAYMENT_WEBHOOK_SECRET is not set, so no webhook can be believed")
    fields = [part.partition("=") for part in signature.split(",")]
    times = [value for name, _, value in fields if name.strip() == "t"]
    macs = [value for name, _, value in fields if name.strip() == "v1"]
    if len(times) != 1 or not times[0].isdecimal() or len(times[0]) > 12 or not macs:
        raise WebhookRefused("the signature header is missing or malformed")
    # Over the bytes as they came: JSON that was read and written again need not be the same.
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    # Every one is compared, in constant time: how long it takes tells a forger nothing. A secret being changed has two.
    fits = [hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace")) for mac in macs]
    if not any(fits):
        raise WebhookRefused("the signature does not fit the body")
    if abs((time.time() if now is None else now) - int(times[0])) > WINDOW:
        raise WebhookRefused(f"the signature is not of the last {WINDOW} seconds")
    try:
        event = msgspec.json.decode(body, type=Event)
    except msgspec.DecodeError as error:
        raise WebhookRefused(f"the body is no event: {error}") from error
    if not 0 < len(event.id) <= 120 or len(event.type) > 80 or len(event.data.object.id) > 120:
        raise WebhookRefused("the event's id, type or object is longer than any of the gateway's")
    return event


def take_event(event: Event) -> bool:
    """Take an event in, once; False for one that was taken in before, which then changes nothing."""
    reference = event.data.object.id
    try:
        with transaction.atomic():
            # The key decides, not a look before: of two at the same moment one is refused.
            row: dict[str, Any] = {"id": event.id, "type": event.type, "reference": reference}
            taken = GatewayEvent.objects.create(**row)
            payment = Payment.objects.filter(gateway_reference=reference).first() if reference else None
            if payment is not None and payment.state not in KNOWN_BY.get(event.type, _ALL):
                GatewayEvent.objects.filter(pk=taken.pk).update(told_something=True)
                send("payments.refresh", key=str(payment.order_id), order=str(payment.order_id))
    except IntegrityError:
        return False
    return True
