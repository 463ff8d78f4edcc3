"""What Forkroad asks of a payment provider. Every call is safe to repeat under the same key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


class GatewayUnavailable(Exception):
    """No answer, or none that can be trusted: the call may or may not have been carried out. Ask again later."""


@dataclass(frozen=True, slots=True)
class Authorisation:
    """The gateway's answer: `reference` when it holds the money, else `decline_code`."""

    approved: bool
    reference: str = ""
    decline_code: str = ""


class PaymentGateway(Protocol):
    """`key` identifies the payment: a repeated call gives the first one's answer and moves no more money.

    All methods raise GatewayUnavailable.
    """

    def authorise(self, *, key: str, amount: int, currency: str, card: str) -> Authorisation:
        """Hold an amount in minor units on a card."""

    def capture(self, *, key: str) -> None:
        """Take the money that was held."""

    def void(self, *, key: str) -> None:
        """Let go of what is held; nothing happens where nothing was."""


def the_gateway() -> PaymentGateway:
    """The provider named by `settings.PAYMENT_GATEWAY`; the sandbox where none is."""
    return _gateway(getattr(settings, "PAYMENT_GATEWAY", "orders.payments.sandbox.SandboxGateway"))


@cache
def _gateway(path: str) -> PaymentGateway:
    return cast(PaymentGateway, import_string(path)())
