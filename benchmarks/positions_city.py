"""A city for `benchmarks.positions`: couriers on shift, some of whom bring an order to a customer who watches."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from accounts.models import Address, Role, User
from accounts.tokens import make_token
from delivery.models import Assignment, Courier, Offer, Shift, Zone
from orders.city import city_now
from orders.models import Order, Restaurant, Status

PLACE = (48.2, 16.37)


@dataclass(frozen=True)
class City:
    """Tokens of all couriers; of each watched one, by place in `couriers`, its customer's token and the order's id."""

    couriers: list[str]
    watchers: dict[int, tuple[str, str]]


def build(couriers: int, watched: int) -> City:
    """Rows as the verbs leave them, in bulk: what is measured begins with a report."""
    zone = Zone.objects.create(slug="bench", name="Bench")
    now, password = city_now(), make_password(None)
    restaurant = Restaurant.objects.create(
        user=User.objects.create(username="r-bench", role=Role.RESTAURANT, password=password),
        name="Bench",
        slug="bench",
        cuisine="soup",
        zone=zone.slug,
        latitude=PLACE[0],
        longitude=PLACE[1],
    )
    people = _people("c", couriers, Role.COURIER, password)
    riders = Courier.objects.bulk_create(
        Courier(user=user, name=user.username, zone=zone, online=True, latitude=PLACE[0], longitude=PLACE[1])
        for user in people
    )
    Shift.objects.bulk_create(Shift(courier=rider, started_at=now) for rider in riders)
    watchers: dict[int, tuple[str, str]] = {}
    for place, customer in enumerate(_people("w", watched, Role.CUSTOMER, password)):
        rider = riders[place * couriers // watched]
        address = Address.objects.create(user=customer, line="1", latitude=PLACE[0] + 1, longitude=PLACE[1])
        order = Order.objects.create(
            customer=customer,
            restaurant=restaurant,
            zone=zone.slug,
            address=address,
            status=Status.PICKED_UP,
            version=7,
            courier_id=rider.pk,
            subtotal=900,
            delivery_fee=0,
            total=900,
            idempotency_key=uuid.uuid4().hex,
            request_digest="",
            placed_at=now,
        )
        offer = Offer.objects.create(courier=rider, state=Offer.State.ACCEPTED, made_at=now, deadline=now)
        Assignment.objects.create(offer=offer, order=order, courier=rider, state=Assignment.State.ACTIVE)
        watchers[place * couriers // watched] = (make_token(customer), str(order.id))
    return City([make_token(user) for user in people], watchers)


def _people(prefix: str, count: int, role: Role, password: str) -> list[User]:
    return User.objects.bulk_create(
        User(username=f"{prefix}-{number:05}", role=role, password=password) for number in range(count)
    )
