"""The basket: what a visitor means to buy from one restaurant, kept in the session.

Signing in keeps the session's content, so a basket filled before survives it. Prices noted here are what
the visitor saw: checkout compares them with the menu and never charges another price unseen.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

#: Lines of one order, and pieces of all its lines together.
MAX_LINES = 20
MAX_ITEMS = 50

SESSION_KEY = "basket"


class BasketRefused(Exception):
    """The basket stays as it was: `code` is other_restaurant, too_large, bad_quantity or unknown_line."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class BasketLine:
    """An item with its options; `unit_price` in minor units, options included, as it was shown."""

    item: int
    options: tuple[int, ...]
    quantity: int
    unit_price: int

    @property
    def total(self) -> int:
        return self.quantity * self.unit_price


@dataclass(slots=True)
class Basket:
    """Lines of one restaurant. `key` changes with the content: it is the idempotency key of placing just this."""

    restaurant: str = ""
    lines: list[BasketLine] = field(default_factory=list)
    key: str = ""

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def subtotal(self) -> int:
        """Minor units, at the prices noted."""
        return sum(line.total for line in self.lines)

    def add(
        self,
        *,
        restaurant: str,
        item: int,
        options: tuple[int, ...] = (),
        quantity: int = 1,
        unit_price: int,
        start_anew: bool = False,
    ) -> None:
        """Put an item in; the same item with the same options joins its line, at the newer price.

        Raises:
            BasketRefused: it holds another restaurant's items (and not `start_anew`), would grow beyond its
                limits, or the quantity is not positive.
        """
        if quantity < 1:
            raise BasketRefused("bad_quantity", "Choose at least one piece.")
        kept = self.lines
        if self.restaurant not in ("", restaurant):
            if self.lines and not start_anew:
                raise BasketRefused("other_restaurant", "The basket holds another restaurant's items.")
            kept = []
        chosen = tuple(sorted(options))
        held = sum(line.quantity for line in kept if (line.item, line.options) == (item, chosen))
        line = BasketLine(item, chosen, held + quantity, unit_price)
        joined = [line if (old.item, old.options) == (item, chosen) else old for old in kept]
        self._take(restaurant, joined if held else [*kept, line])

    def set_quantity(self, index: int, quantity: int) -> None:
        """Change a line's quantity; zero takes it out.

        Raises:
            BasketRefused: no such line, a negative quantity, or more than an order may hold.
        """
        if not 0 <= index < len(self.lines):
            raise BasketRefused("unknown_line", "That line is no longer in the basket.")
        if quantity < 0:
            raise BasketRefused("bad_quantity", "A quantity cannot be negative.")
        old = self.lines[index]
        changed = [BasketLine(old.item, old.options, quantity, old.unit_price)] if quantity else []
        self._take(self.restaurant, [*self.lines[:index], *changed, *self.lines[index + 1 :]])

    def remove(self, index: int) -> None:
        self.set_quantity(index, 0)

    def reprice(self, prices: dict[tuple[int, tuple[int, ...]], int]) -> None:
        """Note the prices of today by (item, options), once the visitor has been told of them."""
        lines = [
            BasketLine(line.item, line.options, line.quantity, prices.get((line.item, line.options), line.unit_price))
            for line in self.lines
        ]
        self._take(self.restaurant, lines)

    def clear(self) -> None:
        self._take("", [])

    def _take(self, restaurant: str, lines: list[BasketLine]) -> None:
        if len(lines) > MAX_LINES or sum(line.quantity for line in lines) > MAX_ITEMS:
            raise BasketRefused("too_large", f"An order holds at most {MAX_ITEMS} pieces in {MAX_LINES} lines.")
        self.restaurant = restaurant if lines else ""
        self.lines = lines
        self.key = uuid.uuid4().hex


#: `request.session`, or a dict that stands in for it.
Session = SessionBase | dict[str, Any]


def load_basket(session: Session) -> Basket:
    """The session's basket; an empty one where there is none, or where an older program left one unreadable."""
    try:
        stored = session[SESSION_KEY]
        lines = [BasketLine(item, tuple(chosen), quantity, price) for item, chosen, quantity, price in stored["lines"]]
        return Basket(stored["restaurant"], lines, stored["key"])
    except (TypeError, KeyError, ValueError):
        return Basket(key=uuid.uuid4().hex)


def save_basket(session: Session, basket: Basket) -> None:
    """Write the basket back; an empty one leaves nothing behind."""
    if not basket.lines:
        session.pop(SESSION_KEY, None)
        return
    session[SESSION_KEY] = {
        "restaurant": basket.restaurant,
        "lines": [[line.item, list(line.options), line.quantity, line.unit_price] for line in basket.lines],
        "key": basket.key,
    }
