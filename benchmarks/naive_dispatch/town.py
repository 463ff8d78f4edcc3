"""A town of four zones for dispatch to be measured in: the same people at the same places for every design."""

from __future__ import annotations

import random
import uuid

from accounts.models import Address, Role, User
from delivery.models import Courier, Shift, Zone
from orders.city import city_now, to_degrees
from orders.models import City, Order, Payment, Restaurant, Status

ZONES = ("north", "east", "south", "west")
#: Metres from one side of a zone to the other.
SIDE = 4000.0
RESTAURANTS = 10
#: Couriers for each order of a zone: enough, as on an evening that goes well.
COURIERS_PER_ORDER = 1.3

#: What one design leaves for the next to find as it was.
EMPTY = (
    "TRUNCATE delivery_assignment, delivery_offer, delivery_plan, orders_orderhistory, messaging_outboxrow, "
    "messaging_taskrun, messaging_incident, messaging_span CASCADE"
)


def found(orders: int, *, seed: int) -> list[uuid.UUID]:
    """Make the town and so many paid orders, zone by zone in turn; returns their ids in that sequence."""
    chance = random.Random(seed)
    now = city_now()
    City.objects.update(offer_seconds=3600, offer_wall_seconds=3600)
    customer = User.objects.create(username="customer", role=Role.CUSTOMER)
    shops: dict[str, list[Restaurant]] = {}
    doors = []
    for index, zone in enumerate(ZONES):
        Zone.objects.create(slug=zone, name=zone.title())
        couriers = round(orders / len(ZONES) * COURIERS_PER_ORDER) + 2
        owners = _users("r", Role.RESTAURANT, zone, RESTAURANTS)
        riders = _users("c", Role.COURIER, zone, couriers)
        shops[zone] = Restaurant.objects.bulk_create(
            Restaurant(user=each, name=each.username, slug=each.username, zone=zone, **_place(chance, index))
            for each in owners
        )
        made = Courier.objects.bulk_create(
            Courier(user=each, name=each.username, zone_id=zone, online=True, **_place(chance, index))
            for each in riders
        )
        Shift.objects.bulk_create(Shift(courier=courier, started_at=now) for courier in made)
    for number in range(orders):
        index = number % len(ZONES)
        doors.append(Address(user=customer, line=f"door {number}", **_place(chance, index)))
    Address.objects.bulk_create(doors)
    placed = Order.objects.bulk_create(
        Order(
            customer=customer,
            restaurant=chance.choice(shops[ZONES[number % len(ZONES)]]),
            zone=ZONES[number % len(ZONES)],
            address=doors[number],
            status=Status.PAID,
            version=2,
            subtotal=900,
            delivery_fee=290,
            total=1190,
            idempotency_key=str(number),
            request_digest="",
            placed_at=now,
        )
        for number in range(orders)
    )
    Payment.objects.bulk_create(Payment(order=order, card="tok_ok", amount=order.total) for order in placed)
    return [order.pk for order in placed]


def start_over() -> None:
    """Every order paid, every courier free, nothing owed to any broker."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
    Order.objects.update(
        status=Status.PAID, version=2, courier_id=None, accepted_at=None, ready_by=None, placed_at=city_now()
    )
    Zone.objects.update(requested=0, served=0, served_at=None, nudged_at=None, due_at=None)


def _users(letter: str, role: Role, zone: str, count: int) -> list[User]:
    return User.objects.bulk_create(
        User(username=f"{letter}-{zone}-{number}", role=role, password="!") for number in range(count)
    )


def _place(chance: random.Random, index: int) -> dict[str, float]:
    """Somewhere in a zone, in degrees; zones lie two by two."""
    city = City.objects.get(pk=1)
    x, y = ((index % 2) + chance.random()) * SIDE, ((index // 2) + chance.random()) * SIDE
    latitude, longitude = to_degrees(x, y, latitude=city.latitude, longitude=city.longitude)
    return {"latitude": latitude, "longitude": longitude}
