"""The month of crimes and honest trouble, and a crook in a real city."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from simulator.api import Api
from simulator.city import build_city
from simulator.clock import CityClock
from simulator.fraud.acts import GREY, PATTERNS
from simulator.fraud.crooks import Crooks
from simulator.fraud.month import month
from simulator.players.customers import Customers
from simulator.players.stage import Stage
from simulator.tally import Tally


def test_the_same_seed_gives_the_same_month_with_every_pattern_hidden_in_it() -> None:
    acts = month(5, people=120, crime=0.3)
    assert acts == month(5, people=120, crime=0.3)
    assert acts != month(6, people=120, crime=0.3)
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    orders = Counter(act.pattern for act in acts if act.kind == "placed")
    assert set(orders) == {"", GREY, *PATTERNS}
    assert orders[""] > sum(orders[pattern] for pattern in PATTERNS)
    first: dict[str, str] = {}
    for act in acts:
        first.setdefault(act.order, act.kind)
    assert set(first.values()) == {"placed"}


def test_an_honest_month_has_what_looks_suspicious() -> None:
    """Shared devices and cards, declines, whole orders asked back: no single sign tells a crime."""
    acts = month(5, people=300, crime=0.0)
    placed = [act for act in acts if act.kind == "placed"]
    people = {act.device: set[int]() for act in placed}
    for act in placed:
        people[act.device].add(act.account)
    assert sum(len(accounts) > 1 for accounts in people.values()) >= 10
    assert sum(act.kind == "declined" for act in acts) >= 20
    assert sum(act.kind == "refund" and act.amount == act.total for act in acts) >= 5
    assert {act.pattern for act in acts} == {""}


class Shop:
    """The API as far as a crook needs it: one open restaurant, and a note of every order."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, str, dict[str, Any]]] = []

    async def get(self, path: str, *, who: str | None = None) -> Any:
        here = {"slug": "soup", "is_open": True, "latitude": 46.9, "longitude": -9.6, "delivery_fee": 290}
        item = {"id": 1, "price": 900, "sold_out": False, "options": [], "groups": []}
        return [here] if path == "/api/restaurants" else here | {"sections": [{"items": [item]}]}

    async def post(self, path: str, body: dict[str, Any], *, who: str, key: str, device: str = "") -> Any:
        self.orders.append((who, device, body))
        return {"id": key, "status": "placed"}


@pytest.mark.parametrize("crime", ["test_cards", "take_over", "be_many"])
def test_a_crook_orders_as_the_pattern_says(crime: str) -> None:
    plan, shop = build_city(1), Shop()
    clock = CityClock(datetime(2026, 6, 5, 12, tzinfo=UTC), speed=10**7)
    stage = Stage(plan, cast(Api, shop), clock, Tally(), seed=1)
    customers = cast(Any, SimpleNamespace(stage=stage, dice=stage.dice("x"), restaurants={"soup"}, rate=30.0))
    customers._town, customers._menus = (-1e9, []), {}
    customers._choose = lambda who: Customers._choose(customers, who)
    customers._menu = lambda name: Customers._menu(customers, name)
    customers.order_for = lambda *args, **more: Customers.order_for(customers, *args, **more)
    crooks = Crooks(stage, customers, share=0.02)
    asyncio.run(crooks.attempt(getattr(crooks, crime)))

    assert stage.tally.refusals == {}
    who, devices, bodies = zip(*shop.orders, strict=True)
    assert len(set(devices)) == 1 and devices[0].startswith("device-")
    if crime == "test_cards":
        assert len(set(who)) == 1 and len({body["card"] for body in bodies}) == len(bodies) >= 6
    elif crime == "be_many":
        assert len(set(who)) == len(bodies) == 6 and len({str(body["address"]) for body in bodies}) == 1
    else:
        assert who[0].startswith("cust-") and bodies[0]["lines"][0]["quantity"] >= 5
