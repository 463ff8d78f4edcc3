"""The sandbox's test cards: what each number makes it do. The first block are Stripe's own numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What may go wrong with the news about a payment: they come late, twice, newest first, or with forgeries among them.
WebhookFault = Literal["late", "double", "disordered", "forged"]
WEBHOOK_FAULTS: tuple[WebhookFault, ...] = ("late", "double", "disordered", "forged")


@dataclass(frozen=True, slots=True)
class Card:
    """`delay` in wall seconds is waited after the work is done and recorded, before the answer is sent."""

    number: str
    token: str
    what: str
    decline: str = ""
    challenge: bool = False
    unavailable: bool = False
    delay: float = 0.0
    webhooks: tuple[WebhookFault, ...] = ()


#: Longer than any client waits, shorter than a connection is kept by what stands between.
TOO_LATE = 20.0

CARDS: tuple[Card, ...] = (
    Card("4242424242424242", "tok_ok", "is approved"),
    Card("4000000000000002", "tok_declined", "is declined", decline="generic_decline"),
    Card("4000000000009995", "tok_insufficient_funds", "has no money on it", decline="insufficient_funds"),
    Card("4000000000000069", "tok_expired", "has expired", decline="expired_card"),
    Card("4000000000009987", "tok_lost", "was reported lost", decline="lost_card"),
    Card("4000002500003155", "tok_3ds", "asks its owner to confirm at the bank (3-D Secure)", challenge=True),
    Card("4000000000990007", "tok_slow", "is approved after a while", delay=1.0),
    Card("4000000000990015", "tok_timeout", "is charged, and the answer comes too late", delay=TOO_LATE),
    Card("4000000000990023", "tok_unavailable", "finds its bank out of order", unavailable=True),
    Card("4000000000990031", "tok_news_late", "is approved; webhooks come late", webhooks=("late",)),
    Card("4000000000990049", "tok_news_double", "is approved; webhooks come twice", webhooks=("double",)),
    Card("4000000000990056", "tok_news_disordered", "is approved; the last webhook first", webhooks=("disordered",)),
    Card("4000000000990064", "tok_news_forged", "is approved; forged webhooks come too", webhooks=("forged",)),
    Card(
        "4000000000990072",
        "tok_chaos",
        "is charged too late for an answer; webhooks double, disordered, forged",
        delay=TOO_LATE,
        webhooks=("double", "disordered", "forged"),
    ),
)

BY_TOKEN = {card.token: card for card in CARDS}
BY_NUMBER = {card.number: card for card in CARDS}


def find_card(payment_method: str) -> Card | None:
    """The card behind `tok_…`, or behind the `pm_…` that was made for its number."""
    if payment_method.startswith("pm_"):
        return BY_NUMBER.get(payment_method.removeprefix("pm_").split("_")[0])
    return BY_TOKEN.get(payment_method)
