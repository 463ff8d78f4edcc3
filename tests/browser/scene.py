"""A town on an ordinary evening, as the pages that are looked over show it, and how to address them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction
from django.db.models import Value
from django.test import Client
from django.urls import reverse
from playwright._impl._api_structures import SetCookieParam

from accounts.models import Address, Role, User
from delivery import announcing, couriers, offers
from delivery.models import Courier, Offer
from messaging.alerting.answering import answer_incidents
from messaging.models import DeadLetter
from messaging.models.incident import open_incident
from notifications import followers
from notifications.asking import ask
from notifications.models import Post
from orders import kitchen, lifecycle, ratings
from orders.city import CityAfter, city_now
from orders.lifecycle import Actor
from orders.models import Order, Restaurant
from tests import factories
from tests.analytics.fraud.stories import suspect
from tests.delivery.conftest import offer_to


@dataclass(slots=True)
class Scene:
    """A town on an ordinary evening: an order at every stage, a menu with everything that a menu can show."""

    shop: Restaurant
    alice: User
    orders: dict[str, Order] = field(default_factory=dict)


def set_scene() -> Scene:
    shop, idle = factories.make_restaurant(), factories.make_restaurant("noodle-bar", zone="harbour")
    idle.items.all().delete()
    kitchen.set_paused(by=idle.user, paused=True)
    factories.bob()
    eve = factories.make_customer("eve")
    TOTP.activate(eve, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(eve)
    factories.make_user("newcomer", Role.CUSTOMER)
    scene = Scene(shop, factories.alice())
    scene.orders = {
        "unpaid": factories.place_order(scene.alice, shop),
        "new": factories.paid_order(scene.alice, shop),
        "cooking": factories.accepted_order(scene.alice, shop),
        "counter": factories.ready_order(scene.alice, shop),
        "bag": factories.ready_order(scene.alice, shop),
        "delivered": factories.ready_order(scene.alice, shop),
        "cancelled": factories.paid_order(scene.alice, shop),
    }
    Order.objects.filter(pk=scene.orders["bag"].pk).update(door_code="4821")
    courier = factories.make_courier("c-01", capacity=2)
    for name in ("bag", "delivered"):
        offers.accept(offer_to(courier, scene.orders[name]).id, courier=courier)
        couriers.pick_up(scene.orders[name].id, courier=courier)
    factories.make_courier("c-02", online=False)
    offer_to(factories.make_courier("c-03"), scene.orders["counter"])
    keep_offers_open()
    announce_tomorrow()
    couriers.deliver(scene.orders["delivered"].id, courier=courier)
    ratings.rate(scene.orders["delivered"].id, by=scene.alice, food=4, courier=5)
    lifecycle.cancel(scene.orders["cancelled"].id, by=Actor("customer", scene.alice.pk), reason="I changed my mind")
    with transaction.atomic():
        for kind in ("placed", "accepted", "cancelled"):
            ask(event_id=uuid.uuid4(), recipient=scene.alice.pk, kind=kind, about=str(scene.orders["cancelled"].pk))
    if not User.objects.filter(username="operator").exists():
        factories.make_operator()
    suspect(scene.orders["cooking"])
    # After the orders, which are of a simpler soup.
    factories.add_choices(shop.items.get(name="Soup"))
    shop.items.filter(name="Soup").update(allergens=["milk", "celery"], description="Of the day")
    shop.items.filter(name="Cake").update(sold_out=True)
    open_incident("outbox_age", "kafka", "12 messages wait for kafka, the oldest for 41 s.")
    open_incident("undispatched", str(scene.orders["counter"].pk), "no courier, 10 min after it was due")
    answer_incidents()
    DeadLetter.objects.create(
        road="sqs", source="notices", message_id="m", type="notices.send", receive_count=8, error="it has no template"
    )
    for followed in (shop, idle):
        followers.follow(followed.pk, user_id=scene.alice.pk)
    post = Post(event_id=uuid.uuid4(), restaurant_id=shop.pk, account_id=shop.user_id, name=shop.name, slug=shop.slug)
    post.text, post.posted_at = "Kitchen open late, 20 % off", city_now()
    post.save(force_insert=True)
    return scene


def keep_offers_open() -> None:
    """An offer is shown until its deadline: here none comes."""
    Offer.objects.filter(state=Offer.State.OPEN).update(deadline=CityAfter(Value(24 * 3600)))


def announce_tomorrow() -> None:
    """The evening shift of the courier c-01, who may have announced it already."""
    courier = Courier.objects.get(user__username="c-01")
    begin = (city_now() + timedelta(days=1)).replace(hour=17, minute=0, second=0, microsecond=0)
    announcing.announce(courier.pk, starts_at=begin, until=begin + timedelta(hours=4))


def signed_in(username: str, *, url: str) -> list[SetCookieParam]:
    """The cookie of a session, as if the person had signed in a moment ago."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    return [SetCookieParam(name=name, value=morsel.value, url=url) for name, morsel in client.cookies.items()]


def to(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name)


def of_order(name: str, order: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.orders[order].pk])


def home_address(scene: Scene) -> str:
    return reverse("address", args=[Address.objects.filter(user=scene.alice)[0].pk])


def menu(scene: Scene) -> str:
    return reverse("orders:restaurant", args=[scene.shop.slug])
