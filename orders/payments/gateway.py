"""What Forkroad asks of a payment provider: hold, take, let go, give back. Each call may be repeated under its key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


class GatewayUnavailable(Exception):
    """No answer, or none that can be trusted: the call may or may not have been carried out. Ask again later."""


class GatewayRefused(Exception):
    """The gateway understood and said no for good; `code` is its own word for why."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


class Standing(StrEnum):
    """How a payment stands at the gateway."""

    NEW = "new"
    ACTION = "action"
    HELD = "held"
    TAKEN = "taken"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """The gateway's word on a payment: `taken` in minor units, `action_url` for the customer's browser."""

    reference: str
    standing: Standing
    taken: int = 0
    decline_code: str = ""
    action_url: str = ""


class PaymentGateway(Protocol):
    """The same key with the same request gives the first answer again and moves no more money.

    A call that the payment's standing does not allow changes nothing and answers with that standing.
    All methods raise GatewayUnavailable and GatewayRefused.
    """

    def open(self, *, key: str, amount: int, currency: str, payment: str, order: str) -> GatewayPayment:
        """Make a payment known, amount in minor units; no money is held yet."""

    def authorise(self, reference: str, *, key: str, card: str, return_url: str) -> GatewayPayment:
        """Hold its amount on a card; the customer comes back to `return_url` where their bank wants to ask them."""

    def capture(self, reference: str, *, key: str) -> GatewayPayment:
        """Take the money that was held."""

    def cancel(self, reference: str, *, key: str) -> GatewayPayment:
        """Let go of what is held."""

    def refund(self, reference: str, *, key: str, amount: int) -> str:
        """Give back so much of what was taken; the refund's own reference."""

    def look(self, reference: str) -> GatewayPayment:
        """How it stands now."""


def the_gateway() -> PaymentGateway:
    """The adapter named by `settings.PAYMENT_GATEWAY`, for the provider at `settings.PAYMENT_GATEWAY_URL`."""
    return _gateway(
        settings.PAYMENT_GATEWAY,
        settings.PAYMENT_GATEWAY_URL,
        settings.PAYMENT_GATEWAY_KEY,
        settings.PAYMENT_TIMEOUT_SECONDS,
    )


@cache
def _gateway(adapter: str, url: str, key: str, timeout: float) -> PaymentGateway:
    # Made at the first call, so after a worker has forked: connections are not shared between processes.
    return cast(PaymentGateway, import_string(adapter)(url, key, timeout=timeout))
