"""Tokens that tell one card, device or door from another in events, and tell nothing about whose it is.

Keyed hashes: without the platform's SECRET_KEY nobody can try out addresses or device ids until one fits. A new key
makes every known token a new one, so fraud's memory of them begins anew.
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

#: Hexadecimal digits kept of each hash: enough that no two of a billion doors are taken for one.
LENGTH = 20


def card_token(card: str, *, customer_id: int) -> str:
    """Of a payment method at the gateway.

    The sandbox's `tok_…` name a kind of card that everybody tries; together with the account one stands for one card.
    """
    return _token("card", f"{customer_id}/{card}" if card.startswith("tok_") else card)


def device_token(device: str) -> str:
    """Of what a browser's cookie, or an app, calls itself; empty for one that says nothing."""
    return _token("device", device) if device else ""


def door_token(latitude: float, longitude: float) -> str:
    """Of a place to within about ten metres: the house, not the flat, and not how somebody spells its street."""
    return _token("door", f"{latitude:.4f},{longitude:.4f}")


def _token(kind: str, value: str) -> str:
    return salted_hmac(f"forkroad.tokens.{kind}", value, algorithm="sha256").hexdigest()[:LENGTH]
