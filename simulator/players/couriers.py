"""Couriers: they come and go, answer offers, ride, wait at the counter, and ring at the door."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator.api import Refused
from simulator.plan import CourierPlan
from simulator.travel import Point, between, ride

from .stage import Stage

#: Events after which a courier looks at the phone; those that follow from its own doing are not among them.
NEWS = frozenset(
    {
        "offer.made",
        "offer.withdrawn",
        "order.ready",
        "order.cancelled",
        "order.undeliverable",
        "courier.released",
        "courier.offline",
    }
)

MINUTE = timedelta(minutes=1)

#: Accounts that people sign in with, and may order from; in a demo their word costs no password.
VISITORS = ("alice", "bob")


@dataclass(slots=True)
class Stop:
    """The next place to go to, as the platform told: for a pickup of all `orders` at once, or for one order's door."""

    kind: str
    orders: list[str]
    ready: bool
    place: Point
    ready_by: datetime | None = None

    def is_where(self, other: Stop) -> bool:
        """Whether somebody on the way to the other stop is on the way to this one."""
        same = self.kind == "pickup" or self.orders == other.orders
        return same and (self.kind, self.place) == (other.kind, other.place)


@dataclass(slots=True)
class Leg:
    """A way under way: nobody is diverted once they have left."""

    stop: Stop
    origin: Point
    left_at: datetime
    arrives_at: datetime
    #: Whether the platform was told of the arrival.
    told_end: bool = False


class Rider:
    def __init__(self, stage: Stage, plan: CourierPlan) -> None:
        self.stage = stage
        self.plan = plan
        self.dice = stage.dice(plan.username)
        self.id: int | None = None
        self.wake = asyncio.Event()
        self.here = Point(plan.latitude, plan.longitude)
        self.free_at = stage.clock.now()
        #: In the sequence that the platform planned.
        self.stops: list[Stop] = []
        self.leg: Leg | None = None
        self._unanswered: set[str] = set()
        self._started = False
        self._look_at = 0.0

    async def play(self) -> None:
        """A whole shift; returns at its end, which waits for what is still carried."""
        if self.plan.on_at is not None:
            await self._announce(self.plan.on_at)
            await self.stage.clock.sleep_until(self.plan.on_at)
        self.wake.set()
        while True:
            if self.wake.is_set() or time.monotonic() >= self._look_at:
                self.wake.clear()
                self._look_at = time.monotonic() + self.stage.look_every * self.dice.uniform(0.8, 1.2)
                if (offer := await self._look()) is not None:
                    await self._answer(offer)
                    continue
            due = await self._step()
            if due is None and not self.stops and await self._went_home():
                return
            await self._pause(due if due or self._is_over() else self.plan.off_at)

    async def _look(self) -> dict[str, Any] | None:
        """Read the phone: the way to go, and the open offer that is to be answered."""
        phone = await self.stage.api.get("/api/courier", who=self.plan.username)
        self.id = phone.get("id")
        if not self._started:
            self._started = True
            if phone["jobs"]:
                # Played on after a break: the platform knows best where we are.
                self.here = Point(phone["latitude"], phone["longitude"])
        if not phone["online"] and not self._is_over():
            await self._go_online()
        ready_by = {job["order"]: job["ready_by"] for job in phone["jobs"]}
        self.stops = [_stop(each, ready_by) for each in phone["stops"]]
        offer: dict[str, Any] | None = phone["offer"]
        return offer if offer and offer["id"] not in self._unanswered else None

    async def _answer(self, offer: dict[str, Any]) -> None:
        counts = self.stage.tally.offers
        counts["seen"] += 1
        answer = "accept"
        if not self.stage.scripted:
            await self.stage.clock.sleep(self.dice.uniform(3, 20))
            answer = self.dice.choices(("accept", "decline", "ignore"), (92, 6, 2))[0]
        if answer == "ignore":
            self._unanswered.add(offer["id"])
            counts["ignored"] += 1
            return
        try:
            await self.stage.api.post(f"/api/courier/offers/{offer['id']}/{answer}", who=self.plan.username)
        except Refused as refused:
            if refused.status not in (404, 409):
                raise
            self._unanswered.add(offer["id"])
            counts["lost"] += 1
            self.stage.tally.refusals[f"offer {refused.code}"] += 1
        else:
            counts["accepted" if answer == "accept" else "declined"] += 1
            # What was taken is on the phone now.
            self.wake.set()

    async def _step(self) -> datetime | None:
        """Do what is due; return when the next thing is, or None where only news can help."""
        while True:
            now = self.stage.clock.now()
            if self.leg is not None and not (self.stops and self.stops[0].is_where(self.leg.stop)):
                self._turn_round(now)
            if self.leg is None:
                if not self.stops:
                    return None
                self.leg = self._leave(now)
            leg, stop = self.leg, self.stops[0]
            due = leg.arrives_at + self._service(leg) / 2
            if now < due:
                return await self._under_way(leg, now, due)
            if not stop.ready or not await self._hand_over(stop):
                return None
            if stop.kind == "pickup" and stop.ready_by is not None:
                due = min(now, max(due, stop.ready_by))
            # Whole minutes count from when it was due, not from the moment this process came round to it.
            moment = due if now - due < MINUTE else now
            self.free_at = moment + self._service(leg) / 2
            if stop.kind == "dropoff" and not self.stage.scripted and not self.stops and self.dice.random() < 0.08:
                await self._take_a_break()

    def _leave(self, now: datetime) -> Leg:
        left_at = max(now, self.free_at)
        stop = self.stops[0]
        return Leg(stop, self.here, left_at, left_at + self._ride(self.here, stop.place))

    def _turn_round(self, now: datetime) -> None:
        """The order is not ours any more: stand where that news came."""
        assert self.leg is not None
        self.here = self._place(self.leg, now)
        self.free_at = now
        self.leg = None

    def _place(self, leg: Leg, now: datetime) -> Point:
        whole = (leg.arrives_at - leg.left_at).total_seconds()
        share = (now - leg.left_at).total_seconds() / whole if whole else 1.0
        return between(leg.origin, leg.stop.place, min(1.0, max(0.0, share)))

    async def _under_way(self, leg: Leg, now: datetime, due: datetime) -> datetime:
        """Tell where one is, each wall second of the way and at its end; an instance's couriers save the calls."""
        if self.stage.scripted:
            return due
        if leg.left_at < now and not leg.told_end:
            place = self._place(leg, now)
            leg.told_end = now >= leg.arrives_at
            await self._tell(place)
        ahead = max(now, leg.left_at) + timedelta(seconds=self.stage.clock.speed)
        return due if leg.told_end else min(ahead, leg.arrives_at)

    async def _tell(self, place: Point) -> None:
        await self._post("positions", {"positions": [{"latitude": place.latitude, "longitude": place.longitude}]})

    async def _hand_over(self, stop: Stop) -> bool:
        """Press the button of each order of the stop. False where one turned out not to be ready yet."""
        button = "picked-up" if stop.kind == "pickup" else "delivered"
        for order in list(stop.orders):
            try:
                await self._post(f"orders/{order}/{button}")
            except Refused as refused:
                if refused.status not in (404, 409):
                    raise
                if refused.code == "door_code":
                    if not await self._hear_code(order):
                        return False
                    stop.orders.remove(order)
                    continue
                self.stage.tally.refusals[f"courier: {refused.body.get('status', refused.code)}"] += 1
                if refused.body.get("status") == "accepted":
                    stop.ready = False
                    return False
                # It is not ours any more: nobody waits at its door either.
                self.stops = [each for each in self.stops if each is stop or each.orders != [order]]
            else:
                for each in self.stops:
                    each.ready = each.ready or (each.kind == "dropoff" and each.orders == [order])
            stop.orders.remove(order)
        self.here = stop.place
        self.leg = None
        self.stops = [each for each in self.stops if each is not stop]
        return True

    async def _hear_code(self, order: str) -> bool:
        """None of the city's people asks for a code; a visitor calls theirs across the door. Else it is tried again."""
        for visitor in VISITORS:
            with contextlib.suppress(Refused):
                seen = await self.stage.api.get(f"/api/orders/{order}", who=visitor)
                await self._post(f"orders/{order}/delivered", {"door_code": seen["door_code"]})
                return True
        return False

    async def _take_a_break(self) -> None:
        try:
            await self._post("offline")
        except Refused as refused:
            # A new order came first.
            if refused.status != 409:
                raise
            return
        await self.stage.clock.sleep(self.dice.uniform(10, 30) * 60)
        await self._go_online()

    async def _went_home(self) -> bool:
        """Whether the shift is over; an order that was offered at the last moment is carried first."""
        if not self._is_over():
            return False
        try:
            await self._post("offline")
        except Refused as refused:
            if refused.status != 409:
                raise
            return False
        return True

    def _is_over(self) -> bool:
        return self.plan.off_at is not None and self.stage.clock.now() >= self.plan.off_at

    async def _announce(self, starts_at: datetime) -> None:
        """A shift that is on the roster is known before it begins."""
        if starts_at > self.stage.clock.now():
            until = {"until": self.plan.off_at.isoformat()} if self.plan.off_at else {}
            # Whoever is refused comes all the same.
            with contextlib.suppress(Refused):
                await self._post("announced", {"starts_at": starts_at.isoformat(), **until})

    async def _go_online(self) -> None:
        until = {"until": self.plan.off_at.isoformat()} if self.plan.off_at else {}
        await self._post("online", {"latitude": self.here.latitude, "longitude": self.here.longitude, **until})

    async def _post(self, button: str, body: dict[str, Any] | None = None) -> None:
        await self.stage.api.post(f"/api/courier/{button}", body, who=self.plan.username)

    async def _pause(self, until: datetime | None) -> None:
        """Until news, until a city time, or until it is time to look; whichever comes first."""
        longest = self._look_at - time.monotonic()
        if until is not None:
            longest = min(longest, self.stage.clock.wall_until(until))
        try:
            async with asyncio.timeout(max(0.0, longest)):
                await self.wake.wait()
        except TimeoutError:
            pass

    def _service(self, leg: Leg) -> timedelta:
        return MINUTE * (
            self.stage.plan.pickup_minutes if leg.stop.kind == "pickup" else self.stage.plan.dropoff_minutes
        )

    def _ride(self, a: Point, b: Point) -> timedelta:
        plan = self.stage.plan
        return ride(a, b, origin_latitude=plan.latitude, metres_per_minute=plan.metres_per_minute)


def _stop(data: dict[str, Any], ready_by: dict[str, str | None]) -> Stop:
    moments = [datetime.fromisoformat(each) for order in data["orders"] if (each := ready_by.get(order))]
    return Stop(
        data["kind"], list(data["orders"]), data["ready"], _point(data["place"]), max(moments) if moments else None
    )


def _point(data: dict[str, Any]) -> Point:
    return Point(float(data["latitude"]), float(data["longitude"]))
