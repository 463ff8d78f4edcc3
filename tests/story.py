"""A little of all that can happen in the city, lived through by the application itself: facts of every topic.

Each call of `live` is another day of a restaurant and a courier of its own; `told` takes what the relay would send.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from analytics.behaviour.events import BrowsingEvent, MenuSeen, PutIn, Searched, TakenOut
from delivery import couriers, offers
from delivery.events import CourierMoved
from messaging.models import OutboxRow
from orders import checkout, holds, kitchen, lifecycle, posts
from orders.lifecycle import Actor
from orders.models import Order, Restaurant
from orders.payments import refunds
from orders.payments import tasks as payments
from orders.pricing.fares import reprice
from orders.pricing.quotes import quote_for
from tests import factories
from tests.market.market import a_market, ago, flat, owed
from tests.messaging.streams import Record

Told = dict[str, list[Record]]

OPERATOR = Actor("operator", 1)
#: Smoothed pressure that raises a zone's fare to its highest, and one that lets it fall again.
BUSY, CALM = 10.0, 0.0


def buy(shop: Restaurant, customer: User, *, card: str = "tok_ok") -> Order:
    """Soup and cake at the fee that was shown, with the payment provider's answer to it."""
    shown = quote_for(shop)
    cake = shop.items.get(name="Cake")
    order = checkout.place_order(
        customer=customer,
        restaurant=shop.slug,
        lines=[*factories.one_soup(shop), checkout.LineRequest(item=cake.pk, quantity=1, unit_price=cake.price)],
        address=checkout.AddressRequest("1 Test Lane", *factories.DOOR),
        card=card,
        expected_total=1350 + shown.fee,
        idempotency_key=uuid.uuid4().hex,
        quote_id=shown.pk,
    )
    payments.authorise(order=str(order.pk))
    order.refresh_from_db()
    return order


def live(name: str = "one") -> None:
    """Orders delivered, rejected, judged, declined and still open, a shift, a fare that rose, a post; all committed."""
    shop = factories.make_restaurant(f"shop-{name}")
    customer, courier = factories.make_customer(f"eater-{name}"), factories.make_courier(f"c-{name}", online=False)
    cook = Actor("restaurant", shop.user_id)
    couriers.go_online(courier.pk, latitude=factories.COUNTER[0], longitude=factories.COUNTER[1])

    brought = buy(shop, customer)
    lifecycle.accept(brought.pk, by=cook, preparation=timedelta(minutes=15))
    lifecycle.mark_ready(brought.pk, by=cook)
    offer = offers.make(brought.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    couriers.pick_up(brought.pk, courier=courier)
    couriers.deliver(brought.pk, courier=courier)
    payments.capture(order=str(brought.pk))
    refunds.ask(brought.pk, by=Actor("customer", customer.pk), reason="late")

    reprice({shop.zone: BUSY})
    lifecycle.reject(buy(shop, customer).pk, by=cook, reason="closed")
    judged = buy(shop, customer)
    holds.judge(judged.pk, verdict=holds.FRAUD, by=OPERATOR, rules=["new_account"], about=["card"])
    buy(shop, customer, card="tok_declined")
    reprice({shop.zone: CALM})
    lifecycle.accept(buy(shop, customer).pk, by=cook, preparation=timedelta(minutes=15))

    kitchen.set_sold_out(shop.items.get(name="Cake").pk, by=shop.user, sold_out=True)
    posts.post("Leek soup tonight", by=shop.user)
    couriers.go_offline(courier.pk)


def told(*, seed: int = 1, seconds: float = 40) -> Told:
    """Topic → what the relay would send to it, taken from the outbox, and so many seconds of stream traffic."""
    facts = owed()
    OutboxRow.objects.all().delete()
    until = ago(seconds=1)
    # A starving zone beside two calm ones.
    ticks = [*a_market(seconds, until=until, seed=seed), *flat("centre", 9, 0, seconds=seconds, until=until)]
    return facts | {"pricing.ticks": ticks, "behaviour.events": browsing(seed), "couriers.positions": places()}


def browsing(seed: int) -> list[Record]:
    visitor = f"{seed:032x}"
    events: list[BrowsingEvent] = [
        Searched(visitor=visitor, found=3, zone="centre"),
        MenuSeen(visitor=visitor, restaurant_id=7, zone="centre"),
        PutIn(visitor=visitor, restaurant_id=7, zone="centre", item_id=4),
        TakenOut(visitor=visitor, restaurant_id=7, zone="centre", item_id=4),
    ]
    return [Record(visitor, None, event, time=timezone.now()) for event in events]


def places() -> list[Record]:
    moves = [CourierMoved(courier_id=10**6, latitude=48.2 + n / 1e4, longitude=16.37) for n in range(5)]
    return [Record(str(10**6), None, move, time=timezone.now()) for move in moves]
