"""Crimes in a running city, a few among many honest orders, through the same HTTP API as everybody's.

Courier collusion is not played: which courier gets an order is the platform's to say. `month` has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from simulator.api import Refused
from simulator.plan import AddressPlan, CustomerPlan
from simulator.players.customers import Customers, demand
from simulator.players.stage import Stage
from simulator.tally import FINAL

#: City seconds before the first crime: a short visit meets an honest town.
PEACE = 3600.0
#: City seconds in which a delivery is waited for, and between two looks.
PATIENCE, LOOK = 2 * 3600.0, 300.0

#: Numbers behind the stolen cards, at the gateway's sandbox: good, and declined.
GOOD, DECLINED = "4242424242424242", "4000000000000002"


class Crooks:
    """`share` is how many crimes are begun for each honest order."""

    def __init__(self, stage: Stage, customers: Customers, *, share: float) -> None:
        self.stage = stage
        self.customers = customers
        self.share = share
        self.dice = stage.dice("crooks")
        self.unused = list(stage.plan.crooks)
        self.tried = 0

    async def play(self) -> None:
        """Begin crimes until cancelled, and break off those that are under way then."""
        under_way: list[asyncio.Task[None]] = []
        await self.stage.clock.sleep(PEACE)
        try:
            while True:
                rate = self.customers.rate * self.share * demand(self.stage.clock.now())
                await self.stage.clock.sleep(self.dice.expovariate(rate / 3600))
                crime = self.dice.choice((self.test_cards, self.take_over, self.eat_for_nothing, self.be_many))
                under_way = [task for task in under_way if not task.done()]
                under_way.append(self.stage.spawn(self.attempt(crime), name=f"crime {crime.__name__}"))
        finally:
            for task in under_way:
                task.cancel()

    async def attempt(self, crime: Callable[[], Awaitable[None]]) -> None:
        """Try one; what the platform refuses ends it and is no failure of the run."""
        self.tried += 1
        try:
            await crime()
        except Refused as refused:
            self.stage.tally.refusals[f"crime: {refused.code}"] += 1

    async def test_cards(self) -> None:
        """Many cards on small orders from one device."""
        who, device = self._account(), self._device()
        for _ in range(self.dice.randint(6, 10)):
            card = self._card(DECLINED if self.dice.random() < 0.65 else GOOD)
            await self._order(who, card=card, device=device, address=who.addresses[0], pieces=1)
            await self.stage.clock.sleep(self.dice.uniform(40, 200))

    async def take_over(self) -> None:
        """A customer's account on a strange device, to a strange door, for much more than usual."""
        victim, device = self.dice.choice(self.stage.plan.customers), self._device()
        drop = self.dice.choice(self.stage.plan.crooks).addresses[0]
        for _ in range(self.dice.choice((1, 2))):
            await self._order(
                victim, card=self._card(GOOD), device=device, address=drop, pieces=self.dice.randint(5, 8)
            )
            await self.stage.clock.sleep(self.dice.uniform(600, 1800))

    async def be_many(self) -> None:
        """One person as several new customers, each for one order."""
        device, door = self._device(), self.dice.choice(self.stage.plan.crooks).addresses[0]
        for _ in range(min(6, len(self.unused))):
            await self._order(self._account(), card=self._card(GOOD), device=device, address=door, pieces=1)
            await self.stage.clock.sleep(self.dice.uniform(300, 1500))

    async def eat_for_nothing(self) -> None:
        """Order after order is asked back whole."""
        who, device, card = self._account(), self._device(), self._card(GOOD)
        for _ in range(self.dice.randint(3, 5)):
            order = await self._order(who, card=card, device=device, address=who.addresses[0], pieces=1)
            if order is None or not await self._delivered(order, who):
                return
            reason = self.dice.choice(("missing", "quality", "not_delivered"))
            await self.stage.api.post(f"/api/orders/{order}/problems", {"reason": reason}, who=who.username)
            await self.stage.clock.sleep(self.dice.uniform(600, 3600))

    async def _order(
        self, who: CustomerPlan, *, card: str, device: str, address: AddressPlan, pieces: int
    ) -> str | None:
        return await self.customers.order_for(
            who, card=card, device=device, address=address, pieces=pieces, dice=self.dice
        )

    async def _delivered(self, order: str, who: CustomerPlan) -> bool:
        """Wait for its end and, where it came, until it is paid for."""
        deadline = self.stage.clock.now().timestamp() + PATIENCE
        while self.stage.clock.now().timestamp() < deadline:
            seen = await self.stage.api.get(f"/api/orders/{order}", who=who.username)
            if seen["status"] == "delivered":
                payment = await self.stage.api.get(f"/api/orders/{order}/payment", who=who.username)
                if payment["paid"]:
                    return True
            elif seen["status"] in FINAL:
                return False
            await self.stage.clock.sleep(LOOK)
        return False

    def _account(self) -> CustomerPlan:
        """One that has never ordered, as long as there are any."""
        return self.unused.pop(0) if self.unused else self.dice.choice(self.stage.plan.crooks)

    def _device(self) -> str:
        return f"device-{self.dice.getrandbits(64):016x}"

    def _card(self, number: str) -> str:
        return f"pm_{number}_{self.dice.getrandbits(48):012x}"
