"""A payment provider that moves no money and always answers the same for the same card."""

from __future__ import annotations

import time

from .gateway import Authorisation, GatewayUnavailable

#: Cards that are refused, and the code given for it. Unknown ones are refused as well.
DECLINES = {"tok_declined": "card_declined", "tok_insufficient_funds": "insufficient_funds"}

#: What `tok_slow` takes to answer, wall seconds.
SLOW_SECONDS = 1.0


class SandboxGateway:
    """tok_ok is approved, tok_slow after a while; tok_unavailable is a provider that is down."""

    def authorise(self, *, key: str, amount: int, currency: str, card: str) -> Authorisation:
        if card == "tok_unavailable":
            raise GatewayUnavailable("the sandbox plays dead for tok_unavailable")
        if card == "tok_slow":
            time.sleep(SLOW_SECONDS)
        if card in ("tok_ok", "tok_slow"):
            return Authorisation(approved=True, reference=f"sandbox-{key}")
        return Authorisation(approved=False, decline_code=DECLINES.get(card, "unknown_card"))

    def capture(self, *, key: str) -> None:
        pass

    def void(self, *, key: str) -> None:
        pass
