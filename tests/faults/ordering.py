"""A customer who orders over HTTP, one order after the other, and writes down what was promised."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from accounts.models import User
from accounts.tokens import make_token
from orders.models import Restaurant
from tests import factories


class Customer:
    """`accepted` holds the ids of orders answered with 201; `refused` whatever else came, an exception included."""

    def __init__(self, url: str, restaurant: Restaurant, token: str, *, rate: float) -> None:
        soup = restaurant.items.get(name="Soup")
        self.url = url
        self.rate = rate
        self.headers = {"Authorization": f"Bearer {token}"}
        self.body: dict[str, Any] = {
            "restaurant": restaurant.slug,
            "lines": [{"item": soup.pk, "quantity": 1, "unit_price": soup.price}],
            "address": {"line": "1 Test Lane", "latitude": factories.DOOR[0], "longitude": factories.DOOR[1]},
            "card": "tok_ok",
            "expected_total": soup.price + restaurant.delivery_fee,
        }
        self.accepted: list[str] = []
        self.refused: list[str] = []
        self.slowest = 0.0
        self.stop = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, headers=self.headers, timeout=20) as client:
            while not self.stop.wait(1 / self.rate):
                began = time.monotonic()
                try:
                    answer = client.post("/api/orders", json=self.body, headers={"Idempotency-Key": uuid.uuid4().hex})
                except httpx.HTTPError as error:
                    self.refused.append(repr(error))
                    continue
                self.slowest = max(self.slowest, time.monotonic() - began)
                if answer.status_code == 201:
                    self.accepted.append(answer.json()["id"])
                else:
                    self.refused.append(f"{answer.status_code} {answer.text[:200]}")

    def write(self, path: Path) -> Path:
        """The file that `verify --accepted` reads."""
        path.write_text("".join(f"{order}\n" for order in self.accepted))
        return path


@contextlib.contextmanager
def ordering(url: str, *, rate: float = 5) -> Iterator[Customer]:
    """Orders of soup, about `rate` a second, until the block ends. Needs the restaurant that `facts.place` made."""
    restaurant = Restaurant.objects.get()
    customer = Customer(
        url, restaurant, make_token(User.objects.filter(username="bob").first() or factories.bob()), rate=rate
    )
    thread = threading.Thread(target=customer.run, name="ordering")
    thread.start()
    try:
        yield customer
    finally:
        customer.stop.set()
        thread.join(30)
