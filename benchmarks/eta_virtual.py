"""A city in virtual time for `benchmarks.eta --orders`: one process sets the clock from event to event.

The verbs, the database and the handlers of the groups `preparation` and `promises` are the real ones; what is left out
are the roads between them, and the planner: the nearest free courier takes an order. Restaurants are less punctual than
the simulator's: each has a habit of its own, and every dish its own luck.
"""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction

from accounts.models import User
from delivery import arrivals, couriers, offers
from delivery.eta import errors, kitchens, learning, promises
from delivery.events import CourierMoved
from delivery.models import Assignment, Courier
from messaging.catalogue import load_event_types
from messaging.consuming.positions import live_number
from messaging.envelope import Envelope, decode, encode_headers
from messaging.models import OutboxRow, Road
from orders import checkout, lifecycle
from orders.city import distance_metres, set_clock, the_city, travel_time
from orders.lifecycle import Actor
from orders.menu import unit_price
from orders.models import MenuItem, Order, Restaurant
from orders.pricing.fares import fee_of
from simulator.city import build_city
from simulator.players.customers import demand

#: City minutes after which what was learnt is read anew; in a real city it is some wall seconds.
LEARN_EVERY = timedelta(minutes=3)
Point = tuple[float, float]


class Day:
    """`rate` in orders a city hour, over the day's mean."""

    def __init__(self, *, orders: int, rate: float, seed: int) -> None:
        load_event_types()
        self.left, self.rate, self.dice = orders, rate, random.Random(seed)
        self.plan = build_city(seed)
        self.city = the_city()
        self.now: datetime = self.plan.starts_at
        self.began = self.now
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self.shops = list(Restaurant.objects.order_by("pk"))
        self.habits = {shop.pk: self.dice.gauss(1.05, 0.1) for shop in self.shops}
        self.riders = {rider.pk: rider for rider in Courier.objects.select_related("user")}
        self.free: set[int] = set()
        self.at_counter: dict[uuid.UUID, int] = {}
        self.waiting: list[uuid.UUID] = []
        self.learnt_at = self.now

    def play(self) -> None:
        """All orders to their ends."""
        set_clock(at=self.now, speed=1e-6)
        for rider in self.riders.values():
            couriers.go_online(rider.pk, latitude=rider.latitude, longitude=rider.longitude)
            self.free.add(rider.pk)
        self.after(0, self.order)
        while self._heap:
            self.now, _, act = heapq.heappop(self._heap)
            set_clock(at=self.now, speed=1e-6)
            act()
            self.tell()

    def after(self, minutes: float, act: Callable[[], None]) -> None:
        moment = self.now + timedelta(minutes=max(0.0, minutes))
        heapq.heappush(self._heap, (moment, next(self._count), act))

    def tell(self) -> None:
        """Give the groups what the outbox owes them."""
        rows = list(OutboxRow.objects.order_by("pk"))
        events = [event for row in rows if row.road == Road.KAFKA and (event := _event(row)) is not None]
        OutboxRow.objects.filter(pk__in=[row.pk for row in rows]).delete()
        if not events:
            return
        if self.now - self.learnt_at >= LEARN_EVERY:
            kitchens._known.clear()
            errors._known = (0.0, {})
            self.learnt_at = self.now
        learning.learn(events, generation=live_number(kitchens.GROUP))
        promises.keep(events, generation=1)

    def order(self) -> None:
        if self.left <= 0:
            return
        self.left -= 1
        self.after(self.dice.expovariate(self.rate * demand(self.now) / 60), self.order)
        customer = self.dice.choice(self.plan.customers)
        door = self.dice.choice(customer.addresses)
        near = sorted(self.shops, key=lambda shop: self.metres((shop.latitude, shop.longitude), _point(door)))
        shop = self.dice.choice(near[:7] if self.dice.random() < 0.85 else near[:16])
        line = _plain_line(shop.items.all()[0])
        try:
            order = checkout.place_order(
                customer=User.objects.get(username=customer.username),
                restaurant=shop.slug,
                lines=[line],
                address=checkout.AddressRequest(line=door.line, latitude=door.latitude, longitude=door.longitude),
                card="tok_ok",
                expected_total=line.unit_price + fee_of(shop).now,
                idempotency_key=uuid.uuid4().hex,
            )
        except checkout.CheckoutRefused as refused:
            # At night nobody cooks; anything else refused would go unseen as a smaller sample.
            if refused.code != "closed":
                raise
            return
        self.after(self.dice.uniform(0.05, 0.5), lambda: self.pay(order))

    def pay(self, order: Order) -> None:
        lifecycle.pay(order.id, payment_id=uuid.uuid4(), amount=order.total)
        self.after(self.dice.uniform(0.25, 1.5), lambda: self.accept(order))

    def accept(self, order: Order) -> None:
        shop = order.restaurant
        actor = Actor("restaurant", shop.user_id)
        if self.dice.random() < 0.02:
            lifecycle.reject(order.id, by=actor, reason="too busy")
            return
        minutes = shop.preparation_minutes * self.dice.uniform(0.8, 1.2)
        lifecycle.accept(order.id, by=actor, preparation=timedelta(minutes=minutes))
        really = minutes * self.habits[shop.pk] * self.dice.lognormvariate(0, 0.15)
        self.after(really, lambda: self.ready(order))
        self.waiting.append(order.id)
        self.match()

    def ready(self, order: Order) -> None:
        lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
        if (rider := self.at_counter.pop(order.id, None)) is not None:
            self.pick_up(order, rider)

    def match(self) -> None:
        """The oldest order first, to the nearest who is free."""
        for order_id in list(self.waiting):
            order = Order.objects.select_related("restaurant").get(pk=order_id)
            counter = (order.restaurant.latitude, order.restaurant.longitude)
            mine = [each for each in self.free if self.riders[each].zone_id == order.zone]
            if not mine:
                continue
            rider = min(mine, key=lambda each: self.metres(_point(self.riders[each]), counter))
            offer = offers.make(order.id, courier_id=rider)
            if offer is None:
                continue
            self.waiting.remove(order_id)
            self.free.discard(rider)
            answer = self.take if self.dice.random() < 0.92 else self.refuse
            self.after(
                self.dice.uniform(0.05, 0.33),
                lambda answer=answer, order=order, rider=rider, offer=offer.id: answer(order, rider, offer),  # type: ignore[misc]
            )

    def refuse(self, order: Order, rider: int, offer: uuid.UUID) -> None:
        offers.decline(offer, courier=self.riders[rider])
        self.waiting.insert(0, order.id)
        self.match()
        self.free.add(rider)

    def take(self, order: Order, rider: int, offer: uuid.UUID) -> None:
        offers.accept(offer, courier=self.riders[rider])
        counter = (order.restaurant.latitude, order.restaurant.longitude)
        self.after(self.ride(rider, counter), lambda: self.come(order, rider, counter))

    def come(self, order: Order, rider: int, counter: Point) -> None:
        self.seen(rider, counter)
        self.after(self.city.pickup_minutes / 2, lambda: self.pick_up(order, rider))

    def pick_up(self, order: Order, rider: int) -> None:
        order.refresh_from_db()
        if order.ready_at is None:
            self.at_counter[order.id] = rider
            return
        couriers.pick_up(order.id, courier=self.riders[rider])
        door = _point(order.address)
        way = self.city.pickup_minutes / 2 + self.ride(rider, door)
        self.after(way, lambda: self.arrive(order, rider, door))

    def arrive(self, order: Order, rider: int, door: Point) -> None:
        self.seen(rider, door)
        # People take their time to come down.
        handing = self.city.dropoff_minutes / 2 + self.dice.expovariate(1.0)
        self.after(handing, lambda: self.deliver(order, rider))

    def deliver(self, order: Order, rider: int) -> None:
        couriers.deliver(order.id, courier=self.riders[rider])
        self.after(self.city.dropoff_minutes / 2, lambda: self.rest(rider))

    def rest(self, rider: int) -> None:
        self.free.add(rider)
        self.match()

    def seen(self, rider: int, place: Point) -> None:
        self.riders[rider].latitude, self.riders[rider].longitude = place
        Courier.objects.filter(pk=rider).update(latitude=place[0], longitude=place[1], position_at=self.now)
        if Assignment.objects.filter(courier=rider, state=Assignment.State.ACTIVE).exists():
            with transaction.atomic():
                arrivals.note([CourierMoved(courier_id=rider, latitude=place[0], longitude=place[1])])

    def ride(self, rider: int, place: Point) -> float:
        """Minutes, with some wind."""
        metres = self.metres(_point(self.riders[rider]), place)
        whole = travel_time(metres, metres_per_minute=self.city.metres_per_minute).total_seconds() / 60
        return whole * self.dice.uniform(0.9, 1.25)

    def metres(self, a: Point, b: Point) -> float:
        return distance_metres(a, b, origin_latitude=self.city.latitude)


class Somewhere(Protocol):
    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...


def _plain_line(item: MenuItem) -> checkout.LineRequest:
    """One of it, with the first of whatever must be chosen."""
    chosen = []
    for group in item.groups.all():
        chosen += [option for option in item.options.all() if option.group_id == group.pk][: group.minimum]
    price = unit_price(item, chosen)
    return checkout.LineRequest(
        item=item.pk, quantity=1, unit_price=price, options=tuple(option.pk for option in chosen)
    )


def _point(place: Somewhere) -> Point:
    return place.latitude, place.longitude


def _event(row: OutboxRow) -> Envelope | None:
    headers = encode_headers(
        event_id=row.message_id,
        type=row.type,
        key=row.key,
        sequence=row.sequence,
        time=row.time,
        recorded_at=row.time,
    )
    return decode(headers, bytes(row.payload), topic=row.destination)
