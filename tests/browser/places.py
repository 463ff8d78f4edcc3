"""Every page that is looked over for accessibility, and the scene in which it is: add your own to `PLACES`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.db import transaction
from django.test import Client
from django.urls import reverse
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Page

from accounts.models import User
from delivery import couriers, offers
from messaging.alerting.answering import answer_incidents
from messaging.models import Incident
from messaging.models.incident import open_incident
from notifications import followers
from notifications.asking import ask
from notifications.models import Post
from notifications.unsubscribing import unsubscribe_url
from orders import kitchen, lifecycle, ratings
from orders.city import city_now
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


@dataclass(frozen=True, slots=True)
class Place:
    """A page in a state: who looks (None: nobody signed in), at what, and what they did there before."""

    name: str
    who: str | None
    address: Callable[[Scene], str]
    before: Callable[[Page], None] = lambda page: None
    #: Left to the full sweep.
    rare: bool = False


def set_scene() -> Scene:
    shop, idle = factories.make_restaurant(), factories.make_restaurant("noodle-bar", zone="harbour")
    idle.items.all().delete()
    kitchen.set_paused(by=idle.user, paused=True)
    factories.bob()
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
    followers.follow(shop.pk, user_id=scene.alice.pk)
    post = Post(event_id=uuid.uuid4(), restaurant_id=shop.pk, account_id=shop.user_id, name=shop.name, slug=shop.slug)
    post.text, post.posted_at = "Kitchen open late, 20 % off", city_now()
    post.save(force_insert=True)
    return scene


def signed_in(username: str, *, url: str) -> list[SetCookieParam]:
    """The cookie of a session, as if the person had signed in a moment ago."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    return [SetCookieParam(name=name, value=morsel.value, url=url) for name, morsel in client.cookies.items()]


def to(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name)


def of_order(name: str, order: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.orders[order].pk])


def put_in_basket(page: Page) -> None:
    page.get_by_role("button", name="Add Soup to the basket").click()
    page.get_by_text("Soup is in your basket.").wait_for()


def then_to(path: str) -> Callable[[Page], None]:
    """Fill the basket, and go on from there."""

    def go(page: Page) -> None:
        put_in_basket(page)
        page.goto(path)

    return go


def pay_without_a_door(page: Page) -> None:
    then_to("/checkout/")(page)
    page.get_by_label("Another door").check()
    page.get_by_role("button", name="Order and pay").click()
    page.get_by_text("Say where to bring it").wait_for()


def menu(scene: Scene) -> str:
    return reverse("orders:restaurant", args=[scene.shop.slug])


PLACES: list[Place] = [
    Place("home", None, to("home")),
    Place("home, a slip forgiven", None, lambda scene: "/?words=soop", rare=True),
    Place("home, nothing found", None, lambda scene: "/?words=zzzzqq"),
    Place("menu", None, menu),
    Place("menu, empty and paused", None, lambda scene: reverse("orders:restaurant", args=["noodle-bar"]), rare=True),
    Place("basket, empty", None, to("orders:basket")),
    Place("basket", "alice", menu, then_to("/basket/")),
    Place("checkout", "alice", menu, then_to("/checkout/"), rare=True),
    Place("checkout, refused", "alice", menu, pay_without_a_door),
    Place("orders", "alice", to("orders:mine")),
    Place("orders, none", "bob", to("orders:mine"), rare=True),
    Place("order, unpaid", "alice", of_order("orders:order", "unpaid"), rare=True),
    Place("order, cooking", "alice", of_order("orders:order", "cooking")),
    Place("order, with a code", "alice", of_order("orders:order", "bag")),
    Place("order, delivered", "alice", of_order("orders:order", "delivered")),
    Place("order, cancelled", "alice", of_order("orders:order", "cancelled"), rare=True),
    Place("receipt", "alice", of_order("orders:receipt", "delivered")),
    Place("addresses", "alice", to("addresses")),
    Place("delete my data", "alice", to("erase-me"), rare=True),
    Place("kitchen", "r-soup-kitchen", to("orders:kitchen")),
    Place("kitchen, ready", "r-soup-kitchen", lambda scene: f"{reverse('orders:kitchen')}?tab=ready", rare=True),
    Place("kitchen, paused and empty", "r-noodle-bar", to("orders:kitchen")),
    Place("courier", "c-01", to("delivery:courier")),
    Place("inbox", "alice", to("notifications:inbox")),
    Place("inbox, empty", "bob", to("notifications:inbox")),
    Place("what you hear", "alice", to("notifications:preferences")),
    Place("unsubscribe", None, lambda scene: urlsplit(unsubscribe_url(scene.alice.pk, "receipt")).path),
    Place("fraud", "operator", to("operator-fraud")),
    Place("fraud, a case", "operator", of_order("operator-fraud-case", "cooking")),
    Place("audit", "operator", to("analytics:audit")),
    Place("incidents", "operator", to("operator-incidents")),
    Place("incident", "operator", lambda scene: reverse("operator-incident", args=[Incident.objects.by_need()[0].pk])),
    Place("not there", None, lambda scene: "/nothing/like/it", rare=True),
    Place("not yours", "alice", to("orders:kitchen")),
]


def looks(*, full: bool) -> Iterator[tuple[Place, str, int]]:
    """Each place in light and in dark, on a phone and on a desk; in short most of them once, taking turns."""
    ways = [("light", 1280), ("dark", 360), ("dark", 1280), ("light", 360)]
    for turn, place in enumerate(place for place in PLACES if full or not place.rare):
        for scheme, width in ways if full else [ways[turn % 2]]:
            yield place, scheme, width
