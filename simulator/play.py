"""A whole city played: everyone on stage, news passed round, and an end that leaves nothing half done."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .api import Api
from .clock import CityClock
from .fraud.crooks import Crooks
from .live import Live
from .plan import CityPlan
from .players.couriers import NEWS, Rider
from .players.customers import Customers
from .players.kitchens import Kitchen
from .players.stage import Stage
from .tally import FINAL, Tally

#: Wall seconds between settings of the players' clock by the city's, between looks whether the city's speed was
#: changed, and between lines of progress.
CLOCK_EVERY, SPEED_EVERY, PROGRESS_EVERY = 20.0, 2.0, 5.0
#: Wall seconds between the restaurants' looks while the last orders are seen to their end.
LAST_LOOKS = 3.0

#: City minutes within which an order is normally over; how long the end waits for the last ones by default.
LAST_ORDERS = 150.0


class OtherCity(Exception):
    """The platform serves another city than the one to be played."""


class Play:
    """One run. `leave` names accounts that people play; `rate` is in orders a city hour, `crime` in crimes an order."""

    def __init__(
        self,
        plan: CityPlan,
        tally: Tally,
        *,
        url: str,
        seed: int = 1,
        rate: float = 30.0,
        crime: float = 0.0,
        leave: frozenset[str] = frozenset(),
        say: Callable[[str], None] = lambda _: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.plan = plan
        self.tally = tally
        self.url = url
        self.seed = seed
        self.rate = rate
        self.crime = crime
        self.leave = leave
        self.say = say
        self.ready = ready
        self.stopping = asyncio.Event()

    async def run(self, *, seconds: float | None = None, grace: float | None = None) -> None:
        """Play until `stopping`, for so many wall seconds, or an instance's last order; then see orders to their end.

        `grace` is how long that end may take, wall seconds (default: what `LAST_ORDERS` takes, within 30 to 150).

        Raises:
            Unreachable: nothing answers at the address. OtherCity: seeded with another city.
        """
        api = Api(self.url, self.tally)
        try:
            self.stage = Stage(self.plan, api, await self._read_clock(api), self.tally, self.seed)
            try:
                await self._play(seconds, grace)
            finally:
                await self.stage.dismiss()
        finally:
            await api.close()

    async def _play(self, seconds: float | None, grace: float | None) -> None:
        stage = self.stage
        await self._cast()
        live = Live(stage.api, self._on_event, on_gap=self._on_gap)
        stage.keep(live.run, name="live")
        stage.keep(lambda: self._keep_time(live), name="clock")
        for kitchen in self.kitchens.values():
            stage.keep(kitchen.play, name=kitchen.plan.username)
        for rider in self.riders:
            stage.keep(rider.play, name=rider.plan.username)
        stage.keep(self.customers.watch, name="watch")
        stage.spawn(self._report(), name="progress")
        self.ready()
        placing = stage.spawn(self.customers.play(), name="customers")
        crimes = stage.spawn(self.crooks.play(), name="crooks") if self.crooks else None
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({placing, stop}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        played_out = placing.done()
        placing.cancel()
        if crimes:
            crimes.cancel()
        if grace is None:
            # An instance ends when its last order does, however long that takes.
            grace = self._grace() if self.stopping.is_set() or not played_out else math.inf
        self.say(f"no more orders are placed; {self._open()} are under way")
        stage.spawn(self.customers.watch(patience=3.0), name="last watch")
        stage.spawn(self._look_again_and_again(), name="last looks")
        deadline = time.monotonic() + grace
        hurried = self.stopping.is_set()
        while self._open() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            if self.stopping.is_set() and not hurried:
                hurried, deadline = True, min(deadline, time.monotonic() + self._grace())

    async def _cast(self) -> None:
        """Find the city's restaurants on the platform, and give everyone their part."""
        stage = self.stage
        known = {each["slug"]: each["id"] for each in await stage.api.get("/api/restaurants")}
        missing = [each.slug for each in self.plan.restaurants if each.slug not in known]
        if missing:
            raise OtherCity(
                f"{self.url} does not serve {self.plan.name}: it has no restaurant {missing[0]!r}. "
                "Run `manage.py seed` with the same --city or --instance first."
            )
        self.customers = Customers(stage, rate=self.rate)
        self.kitchens = {
            known[each.slug]: Kitchen(stage, each, self.customers.ready_time, slow=each.username in self.leave)
            for each in self.plan.restaurants
        }
        self.crooks = Crooks(stage, self.customers, share=self.crime) if self.crime and self.plan.crooks else None
        self.riders = [Rider(stage, each) for each in self.plan.couriers if each.username not in self.leave]

    def _grace(self) -> float:
        return min(150.0, max(30.0, LAST_ORDERS * 60 / self.stage.clock.speed))

    def _open(self) -> int:
        """Orders under way: our own, and those that an earlier run or a person placed and somebody has to bring."""
        held = set[str]().union(*(kitchen.held for kitchen in self.kitchens.values()))
        return self.customers.placing + len(held | self.tally.following.keys())

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(LAST_LOOKS)
            for kitchen in self.kitchens.values():
                if kitchen.held:
                    kitchen.wake.set()

    def _on_event(self, event: dict[str, Any]) -> None:
        kind, order = event.get("type"), event.get("order")
        if kind == "order.paid" and order:
            kitchen = self.kitchens.get(event.get("restaurant") or 0)
            if kitchen is not None:
                kitchen.on_paid(order)
        if kind in NEWS and (courier := event.get("courier")):
            for rider in self.riders:
                # One that has not signed in yet has no number to be known by, and looks by itself.
                if rider.id == courier:
                    rider.wake.set()
        if order and str(kind).startswith("order."):
            if event.get("status") in FINAL and (kitchen := self.kitchens.get(event.get("restaurant") or 0)):
                kitchen.held.discard(order)
            self.customers.on_event(order, event.get("status") or "")

    def _on_gap(self) -> None:
        """Something may have passed unheard: everyone looks."""
        for bell in [each.wake for each in self.kitchens.values()] + [each.wake for each in self.riders]:
            bell.set()

    async def _read_clock(self, api: Api) -> CityClock:
        """The quickest of three readings: half its way is what the clock may be wrong by, times the city's speed."""
        clock = CityClock(self.plan.starts_at, 1.0)
        quickest = math.inf
        for _ in range(3):
            quickest = min(quickest, await self._set_clock(api, clock, within=quickest))
        return clock

    async def _set_clock(self, api: Api, clock: CityClock, *, within: float) -> float:
        """Read the city's clock; believed unless the answer took longer than `within`. Returns what it took."""
        asked = time.monotonic()
        city = await api.get("/api/city")
        took = time.monotonic() - asked
        if took <= within or city["speed"] != clock.speed:
            clock.set(datetime.fromisoformat(city["now"]), city["speed"], at=asked + took / 2)
        return took

    async def _keep_time(self, live: Live) -> None:
        set_at = read_at = time.monotonic()
        while True:
            self.stage.hearing = live.connected
            await asyncio.sleep(1.0)
            now = time.monotonic()
            if now - read_at < SPEED_EVERY:
                continue
            read_at, speed = now, self.stage.clock.speed
            due = now - set_at > CLOCK_EVERY
            set_at = now if due else set_at
            await self._set_clock(self.stage.api, self.stage.clock, within=0.1 if due else 0.0)
            if self.stage.clock.speed != speed:
                # Whoever waits for a time waits for another one now.
                self._on_gap()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_EVERY)
            ends = self.tally.ends
            others = ends.total() - ends["delivered"]
            self.say(
                f"{self.stage.clock.now():%a %H:%M}  placed {self.tally.placed}  delivered {ends['delivered']}  "
                f"ended otherwise {others}  under way {self._open()}"
            )
