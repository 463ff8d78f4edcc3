"""Customers: they get hungry by the hour, choose, pay, sometimes think again, and look whether it came."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import time
import uuid
from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from simulator.api import Refused
from simulator.plan import AddressPlan, CustomerPlan, OrderPlan
from simulator.tally import FINAL, Followed

from .browsing import Browser
from .stage import Stage

#: Share of the full rate by hour of the day; a city that slept all night would look broken on a fast clock.
DEMAND = (0.6, 0.5, 0.5, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 1.0, 1.2, 1.4, 1.2, 0.9, 0.8, 0.9, 1.2, 1.5, 1.5, 1.3, 1.0)
NIGHT = 0.8

#: Wall seconds that menus and opening states are believed; a stale one only costs a refusal.
MENU_AGE, TOWN_AGE = 120.0, 15.0

#: Cards and how many in a thousand pay with each: most go through, some are declined, a few make the gateway misbehave
#: and keep a payments worker waiting.
CARDS = (
    ("tok_ok", "tok_declined", "tok_insufficient_funds", "tok_3ds", "tok_news_double", "tok_timeout", "tok_chaos"),
    (926, 16, 8, 30, 14, 3, 3),
)

#: Share of delivered orders that something was wrong with, and of whose money some is asked back.
PROBLEMS = 0.03

#: Wall seconds without news after which a customer looks at an order.
PATIENCE = 30.0


def demand(moment: datetime) -> float:
    """Share of the full rate at a city time, running smoothly from hour to hour."""
    curve = [*DEMAND, *([NIGHT] * (24 - len(DEMAND)))]
    share = moment.minute / 60
    return curve[moment.hour] * (1 - share) + curve[(moment.hour + 1) % 24] * share


class Customers:
    """`rate` in orders a city hour."""

    def __init__(self, stage: Stage, *, rate: float) -> None:
        self.stage = stage
        self.rate = rate
        self.dice = stage.dice("customers")
        self.browser = Browser(stage.api, stage.dice("browsing"))
        self.restaurants = {each.slug for each in stage.plan.restaurants}
        #: When an instance says that an order will be ready, by the platform's id of it.
        self.ready_times: dict[str, datetime] = {}
        self._placing: Counter[str] = Counter()
        self._looking: set[str] = set()
        self._menus: dict[str, tuple[float, dict[str, Any]]] = {}
        self._town: tuple[float, list[dict[str, Any]]] = (-math.inf, [])

    async def play(self) -> None:
        """Place orders until cancelled, or until the instance has no more; orders under way are not waited for."""
        if self.stage.scripted:
            for order in sorted(self.stage.plan.orders, key=lambda each: each.placed_at):
                await self.stage.clock.sleep_until(order.placed_at)
                self._placing[order.restaurant] += 1
                self.stage.spawn(self._place_planned(order), name=f"order {order.id}")
            return
        while True:
            now = self.stage.clock.now()
            await self.stage.clock.sleep(self.dice.expovariate(self.rate * demand(now) / 3600))
            customer = self.dice.choice(self.stage.plan.customers)
            self._placing[""] += 1
            self.stage.spawn(self._place_somewhere(customer), name=f"an order of {customer.username}")

    @property
    def placing(self) -> int:
        """Orders asked for and not answered yet."""
        return self._placing.total()

    async def ready_time(self, order: str, restaurant: str) -> datetime | None:
        """When the instance wants an order ready. The event may come before the answer that names the order."""
        while order not in self.ready_times and self._placing[restaurant]:
            await asyncio.sleep(0.05)
        return self.ready_times.pop(order, None)

    def on_event(self, order: str, status: str) -> None:
        followed = self.stage.tally.following.get(order)
        if followed is None:
            return
        followed.heard = time.monotonic()
        if status in FINAL:
            self._look_soon(order, followed)

    async def watch(self, *, patience: float = PATIENCE) -> None:
        """Look at orders without news for `patience` wall seconds, again and again."""
        while True:
            await asyncio.sleep(min(2.0, patience))
            before = time.monotonic() - patience
            for order, followed in list(self.stage.tally.following.items()):
                if followed.heard < before and len(self._looking) < 8:
                    followed.heard = time.monotonic()
                    self._look_soon(order, followed)

    def _look_soon(self, order: str, followed: Followed) -> None:
        if order not in self._looking:
            self._looking.add(order)
            self.stage.spawn(self._look(order, followed), name=f"a look at order {order}")

    async def _look(self, order: str, followed: Followed) -> None:
        try:
            seen = await self.stage.api.get(f"/api/orders/{order}", who=followed.customer)
            self.stage.tally.order_seen(seen)
        finally:
            self._looking.discard(order)
        if seen["status"] == "placed":
            # Nobody else will: an answer to the bank may have been lost on its way.
            await self._answer_bank(order, followed.customer)
        if seen["status"] == "delivered" and not self.stage.scripted and self.dice.random() < PROBLEMS:
            await self._complain(order, followed.customer)

    async def _confirm(self, order: str, customer: str) -> None:
        """Wait for the bank's question and answer it, as the person at the browser would."""
        for _ in range(240):
            if await self._answer_bank(order, customer) not in ("pending", "action"):
                return
            await asyncio.sleep(0.5)

    async def _answer_bank(self, order: str, customer: str) -> str:
        """Say yes if the bank asks; how the payment stood before."""
        payment = await self.stage.api.get(f"/api/orders/{order}/payment", who=customer)
        if payment["action_url"]:
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(timeout=10) as bank:
                    await bank.post(_from_here(payment["action_url"]), data={"answer": "yes"})
        return str(payment["state"])

    async def _complain(self, order: str, customer: str) -> None:
        """Something was missing: ask for one piece of one line, once it is paid."""
        for _ in range(40):
            payment = await self.stage.api.get(f"/api/orders/{order}/payment", who=customer)
            if payment["lines"]:
                line = self.dice.choice(payment["lines"])["line"]
                body = {"reason": "missing", "pieces": [{"line": line, "quantity": 1}]}
                try:
                    await self.stage.api.post(f"/api/orders/{order}/problems", body, who=customer)
                except Refused as refused:
                    # Answered before, and the answer was lost on its way.
                    if refused.status not in (409, 422):
                        raise
                    self.stage.tally.refusals[refused.code] += 1
                return
            await asyncio.sleep(0.5)

    async def _place_planned(self, order: OrderPlan) -> None:
        try:
            menu = await self._menu(order.restaurant)
            item = menu["sections"][0]["items"][0]
            address = AddressPlan(f"Door of {order.id}", order.latitude, order.longitude)
            body = _order(menu, [_line(item, quantity=1, options=[])], address, card="tok_ok")
            # The same key at every run: an instance that is played on after a break places no order twice.
            key = f"{self.stage.plan.name}-{order.id}"
            answer = await self.stage.api.post("/api/orders", body, who=order.customer, key=key)
            self.ready_times[answer["id"]] = order.ready_at
            self.stage.tally.order_placed(answer, customer=order.customer)
        finally:
            self._placing[order.restaurant] -= 1

    async def _place_somewhere(self, customer: CustomerPlan) -> None:
        try:
            for _ in range(3):
                if (restaurant := await self._choose(customer)) is None:
                    return
                try:
                    answer = await self._order_at(restaurant, customer)
                except Refused as refused:
                    # Closed, sold out or dearer since the menu was read: look again.
                    if refused.status != 422:
                        raise
                    self.stage.tally.refusals[refused.code] += 1
                    self._menus.pop(restaurant, None)
                    self._town = (-math.inf, [])
                else:
                    self.stage.tally.order_placed(answer, customer=customer.username)
                    break
            else:
                return
        finally:
            self._placing[""] -= 1
        if answer["card"] == "tok_3ds":
            await self._confirm(answer["id"], customer.username)
        if self.dice.random() < 0.02:
            await self._think_again(answer["id"], customer)

    async def _order_at(self, restaurant: str, customer: CustomerPlan) -> dict[str, Any]:
        menu = await self._menu(restaurant)
        items = [item for section in menu["sections"] for item in section["items"] if not item["sold_out"]]
        lines = []
        for item in self.dice.sample(items, k=min(len(items), self.dice.choices((1, 2, 3, 4), (4, 4, 2, 1))[0])):
            options = choose_options(item, self.dice)
            lines.append(_line(item, quantity=self.dice.choices((1, 2, 3), (8, 2, 1))[0], options=options))
        await self.browser.visit(self._town[1], menu, lines)
        card = self.dice.choices(*CARDS)[0]
        body = _order(menu, lines, self.dice.choice(customer.addresses), card=card)
        answer: dict[str, Any] = await self.stage.api.post(
            "/api/orders",
            body,
            who=customer.username,
            key=str(uuid.UUID(int=self.dice.getrandbits(128), version=4)),
            device=f"phone-of-{customer.username}",
        )
        return answer | {"card": card}

    async def order_for(
        self,
        customer: CustomerPlan,
        *,
        card: str,
        device: str,
        address: AddressPlan,
        pieces: int,
        dice: random.Random,
    ) -> str | None:
        """Order one dish, so many of it, with a card and a device of somebody's own; the order's id, if one was open.

        Raises:
            Refused: the platform would not have it.
        """
        restaurant = await self._choose(customer)
        if restaurant is None:
            return None
        menu = await self._menu(restaurant)
        items = [item for section in menu["sections"] for item in section["items"] if not item["sold_out"]]
        item = dice.choice(items)
        lines = [_line(item, quantity=pieces, options=choose_options(item, dice))]
        body = _order(menu, lines, address, card=card)
        key = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        answer = await self.stage.api.post("/api/orders", body, who=customer.username, key=key, device=device)
        self.stage.tally.order_placed(answer, customer=customer.username)
        return str(answer["id"])

    async def _think_again(self, order: str, customer: CustomerPlan) -> None:
        await self.stage.clock.sleep(self.dice.uniform(5, 60))
        try:
            await self.stage.api.post(
                f"/api/orders/{order}/cancel", {"reason": "changed my mind"}, who=customer.username
            )
        except Refused as refused:
            if refused.status != 409:
                raise
            self.stage.tally.refusals[refused.code] += 1

    async def _choose(self, customer: CustomerPlan) -> str | None:
        """An open restaurant, mostly one near the customer's door; None when all are closed."""
        read_at, town = self._town
        if time.monotonic() - read_at > TOWN_AGE:
            town = await self.stage.api.get("/api/restaurants")
            self._town = (time.monotonic(), town)
        open_now = [each for each in town if each["is_open"] and each["slug"] in self.restaurants]
        if not open_now:
            return None
        door = customer.addresses[0]
        near = sorted(
            open_now, key=lambda each: math.hypot(each["latitude"] - door.latitude, each["longitude"] - door.longitude)
        )
        return str(self.dice.choice(near[:7] if self.dice.random() < 0.85 else near[:16])["slug"])

    async def _menu(self, restaurant: str) -> dict[str, Any]:
        read_at, menu = self._menus.get(restaurant, (-math.inf, {}))
        if time.monotonic() - read_at > MENU_AGE:
            menu = await self.stage.api.get(f"/api/restaurants/{restaurant}")
            self._menus[restaurant] = (time.monotonic(), menu)
        return menu


def choose_options(item: dict[str, Any], dice: random.Random) -> list[dict[str, Any]]:
    """Options that the item's groups allow: what must be chosen, sometimes more, and now and then a loose extra."""
    chosen = []
    for group in item.get("groups", []):
        offered = [option for option in item["options"] if option.get("group") == group["id"]]
        wanted = max(group["minimum"], sum(dice.random() < 0.2 for _ in offered))
        # Most people take the first of what must be chosen: a dish as it comes.
        first = offered[: group["minimum"]] if dice.random() < 0.6 else []
        rest = [option for option in offered if option not in first]
        count = min(wanted, group["maximum"], len(offered)) - len(first)
        chosen += first + dice.sample(rest, k=max(0, count))
    return chosen + [option for option in item["options"] if not option.get("group") and dice.random() < 0.2]


def _from_here(url: str) -> str:
    """The bank's page as this process reaches it: from a container, its address is not that of a browser."""
    page = urlsplit(url)
    way = urlsplit(os.environ.get("PAYMENT_GATEWAY_URL") or url)
    return urlunsplit((way.scheme, way.netloc, page.path, page.query, ""))


def _line(item: dict[str, Any], *, quantity: int, options: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "item": item["id"],
        "quantity": quantity,
        "options": [option["id"] for option in options],
        "unit_price": item["price"] + sum(option["price"] for option in options),
    }


def _order(menu: dict[str, Any], lines: list[dict[str, Any]], address: AddressPlan, *, card: str) -> dict[str, Any]:
    return {
        "restaurant": menu["slug"],
        "lines": lines,
        "address": {"line": address.line, "latitude": address.latitude, "longitude": address.longitude},
        "card": card,
        # The fee of the menu that was read is the fee that is paid.
        "quote": menu.get("quote"),
        "expected_total": menu["delivery_fee"] + sum(line["quantity"] * line["unit_price"] for line in lines),
    }
