"""Restaurants: they accept what was paid, cook it, and put it on the counter when they said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from simulator.api import Refused, Unreachable
from simulator.plan import RestaurantPlan

from .stage import Stage

#: (order id, restaurant slug) → when an instance wants it ready, or None.
ReadyTime = Callable[[str, str], Awaitable[datetime | None]]

#: City seconds that people who sign in as the restaurant have for themselves, of the platform's fifteen minutes.
SLOW = 600.0

#: An idle kitchen asks at one look in so many whether it was paused meanwhile.
SELDOM = 4


class Kitchen:
    """One restaurant's people. `slow` ones leave the buttons to whoever else is signed in, and help out only late."""

    def __init__(self, stage: Stage, plan: RestaurantPlan, ready_time: ReadyTime, *, slow: bool = False) -> None:
        self.stage = stage
        self.plan = plan
        self.ready_time = ready_time
        self.slow = slow
        self.dice = stage.dice(plan.username)
        self.cooking: set[str] = set()
        #: Orders from payment to the door, as of the latest look: those of a run before this one among them.
        self.held: set[str] = set()
        self.wake = asyncio.Event()
        self._looks = 0

    async def play(self) -> None:
        """Look at the orders now and then; the stream's news come in between by `on_paid`."""
        while True:
            self.wake.clear()
            orders = await self.stage.api.get("/api/restaurant/orders", who=self.plan.username)
            self.held = {order["id"] for order in orders}
            for order in orders:
                if order["status"] == "paid":
                    self.on_paid(order["id"])
                elif order["status"] == "accepted":
                    self._begin(order["id"], self._finish(order["id"], datetime.fromisoformat(order["ready_by"])))
            if not orders and self._looks % SELDOM == 0:
                await self._resume()
            self._looks += 1
            try:
                # Not all kitchens at the same moment.
                async with asyncio.timeout(self.stage.look_every * self.dice.uniform(1.0, 2.0)):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def _resume(self) -> None:
        """Back at work: the platform pauses restaurants that leave orders unanswered, as all do while nobody plays."""
        state = await self.stage.api.get("/api/restaurant/paused", who=self.plan.username)
        if state["auto_paused"]:
            await self.stage.api.post("/api/restaurant/paused", {"paused": False}, who=self.plan.username)

    def on_paid(self, order: str) -> None:
        self._begin(order, self._cook(order))

    def _begin(self, order: str, work: Coroutine[Any, Any, None]) -> None:
        if order in self.cooking:
            work.close()
            return
        self.cooking.add(order)
        task = self.stage.spawn(self._patiently(order, work), name=f"order {order} at {self.plan.slug}")
        task.add_done_callback(lambda _: self.cooking.discard(order))

    async def _patiently(self, order: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Unreachable as error:
            # The next look finds the order where it stands.
            self.stage.went_wrong(f"order {order} at {self.plan.slug}", error, overcome=True)

    async def _cook(self, order: str) -> None:
        if self.stage.scripted:
            ready_at = await self.ready_time(order, self.plan.slug)
            minutes = (ready_at - self.stage.clock.now()).total_seconds() / 60 if ready_at else None
        else:
            await self.stage.clock.sleep(SLOW if self.slow else self.dice.uniform(15, 90))
            if not self.slow and self.dice.random() < 0.02:
                reason = self.dice.choice(("too busy", "ran out of an ingredient", "closing early"))
                await self._press(order, "reject", {"reason": reason})
                return
            minutes = self.plan.preparation_minutes * self.dice.uniform(0.8, 1.2)
        if minutes is None:
            minutes = self.plan.preparation_minutes
        minutes = round(max(0.0, minutes), 3)
        accepted_at = self.stage.clock.now()
        if await self._press(order, "accept", {"preparation_minutes": minutes}):
            await self._finish(order, accepted_at + timedelta(minutes=minutes))

    async def _finish(self, order: str, ready_at: datetime) -> None:
        await self.stage.clock.sleep_until(ready_at + timedelta(seconds=SLOW) if self.slow else ready_at)
        await self._press(order, "ready")

    async def _press(self, order: str, button: str, body: dict[str, Any] | None = None) -> bool:
        """Whether the order is now what the button makes of it. A customer may have called it off meanwhile."""
        try:
            await self.stage.api.post(f"/api/restaurant/orders/{order}/{button}", body, who=self.plan.username)
        except Refused as refused:
            if refused.code != "illegal_transition":
                raise
            # Pressed before, and the answer was lost on the way.
            if refused.body.get("status") == {"accept": "accepted", "ready": "ready"}.get(button):
                return True
            self.stage.tally.refusals[f"{button}: {refused.body.get('status')}"] += 1
            return False
        return True
