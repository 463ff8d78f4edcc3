"""A town that grows: as much again of everything that a page lists, and the read models fed with what happened."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import Address
from analytics.models import FraudCase, FraudDecision
from delivery import announcing, couriers, offers
from delivery.models import Courier
from messaging.models import DeadLetter, ScalingSample, Span, TaskRun
from messaging.models.incident import open_incident
from notifications import followers
from notifications.asking import ask
from notifications.models import Device, Post
from orders import checkout, lifecycle, ratings
from orders.city import city_now
from orders.lifecycle import Actor
from orders.models import MenuItem, Order
from orders.payments import refunds, tasks
from tests import factories
from tests.browser.feeding import Readers
from tests.browser.scene import Scene
from tests.delivery.conftest import offer_to
from tests.market.market import flat
from tests.messaging.streams import NOON


def fill_basket(scene: Scene, client: Client) -> None:
    """One of each dish that can be had, with what must be chosen."""
    for dish in scene.shop.items.filter(sold_out=False):
        chosen = {f"group-{group.pk}": str(group.options.all()[0].pk) for group in dish.groups.filter(minimum=1)}
        client.post(reverse("orders:add", args=[scene.shop.slug]), {"item": dish.pk, "quantity": 1, **chosen})


class Town:
    """The scene of the browser's tests; each `grow` adds about as many rows as it began with, of every kind."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.size = 0
        self._readers = Readers()

    def grow(self) -> None:
        self.size += 1
        self._places()
        self._orders()
        self._couriers()
        self._story()
        self._notices()
        self._troubles()
        self.feed()

    def feed(self) -> None:
        """Let every consumer group read what the outbox owes to Kafka, and the market's latest minute."""
        self._readers.feed({"pricing.ticks": flat("centre", 8, self.size, seconds=20)})

    def _places(self) -> None:
        shop, alice = self.scene.shop, self.scene.alice
        for number in range(2):
            inn = factories.make_restaurant(f"inn-{self.size}-{number}", zone=("centre", "harbour")[number])
            followers.follow(inn.pk, user_id=alice.pk)
        dish = MenuItem.objects.create(restaurant=shop, section="Mains", name=f"Stew {self.size}", price=800)
        factories.add_choices(dish)
        MenuItem.objects.create(restaurant=shop, section=f"Section {self.size}", name=f"Tea {self.size}", price=200)
        Address.objects.create(user=alice, line=f"{self.size} Mill Lane", latitude=48.2, longitude=16.37)
        post = Post(event_id=uuid.uuid4(), restaurant_id=shop.pk, account_id=shop.user_id, name=shop.name)
        post.slug, post.text, post.posted_at = shop.slug, f"News {self.size}", city_now()
        post.save(force_insert=True)

    def _orders(self) -> None:
        alice = self.scene.alice
        self._place()
        self._paid()
        self._accepted()
        self._ready()
        lifecycle.cancel(self._paid().pk, by=Actor("customer", alice.pk), reason="I changed my mind")
        for order in self.scene.orders.values():
            line = order.lines.all()[0]
            line.pk, line.quantity = None, self.size + 1
            line.save()

    def _place(self) -> Order:
        """The soup has choices by now, which those of the factories leave out."""
        shop, soup = self.scene.shop, self.scene.shop.items.get(name="Soup")
        small = soup.options.get(name="Small")
        return checkout.place_order(
            customer=self.scene.alice,
            restaurant=shop.slug,
            lines=[checkout.LineRequest(item=soup.pk, quantity=1, unit_price=soup.price, options=(small.pk,))],
            address=checkout.AddressRequest("1 Test Lane", *factories.DOOR),
            card="tok_ok",
            expected_total=soup.price + shop.delivery_fee,
            idempotency_key=uuid.uuid4().hex,
        )

    def _paid(self) -> Order:
        order = self._place()
        tasks.authorise(order=str(order.pk))
        return order

    def _accepted(self) -> Order:
        by = Actor("restaurant", self.scene.shop.user_id)
        return lifecycle.accept(self._paid().pk, by=by, preparation=timedelta(minutes=15))

    def _ready(self) -> Order:
        return lifecycle.mark_ready(self._accepted().pk, by=Actor("restaurant", self.scene.shop.user_id))

    def _couriers(self) -> None:
        alice = self.scene.alice
        courier = Courier.objects.get(user__username="c-01")
        begin = city_now() + timedelta(hours=self.size)
        announcing.announce(courier.pk, starts_at=begin, until=begin + timedelta(minutes=30))
        Courier.objects.filter(pk=courier.pk).update(capacity=2 + self.size)
        for brought in (False, True):
            order = self._ready()
            offers.accept(offer_to(courier, order).id, courier=courier)
            couriers.pick_up(order.id, courier=courier)
            if brought:
                couriers.deliver(order.id, courier=courier)
                ratings.rate(order.id, by=alice, food=3, courier=4)
                tasks.capture(order=str(order.pk))
                refunds.ask(order.pk, by=Actor("customer", alice.pk), reason="late")
        for number in range(2):
            other = factories.make_courier(f"c-{self.size}{number}")
            offers.decline(offer_to(other, self.scene.orders["cooking"]).id, courier=other)

    def _story(self) -> None:
        key = str(self.scene.orders["cooking"].pk)
        for number in range(3):
            TaskRun.objects.create(task_id=uuid.uuid4(), task="notices.send", queue="notices", key=key)
            span = {"trace_id": f"{self.size}{number}", "span_id": "s", "name": "x", "part": "p", "key": key}
            Span.objects.create(**span, started_at=Now(), ended_at=Now())

    def _notices(self) -> None:
        alice = self.scene.alice
        with transaction.atomic():
            for order in Order.objects.order_by("-placed_at")[:4]:
                ask(event_id=uuid.uuid4(), recipient=alice.pk, kind="accepted", about=str(order.pk))
        Device.objects.create(user=alice, endpoint=f"https://push.example/{self.size}", p256dh="k", auth="a")

    def _troubles(self) -> None:
        for order in Order.objects.filter(status="ready").order_by("placed_at")[: self.size + 1]:
            open_incident("undispatched", str(order.pk), "no courier")
        open_incident("lag", f"group {self.size}", "far behind")
        for road, source in (("sqs", "notices"), ("kafka", "orders.events")):
            DeadLetter.objects.create(
                road=road, source=source, message_id=f"m{self.size}", type="x", receive_count=8, error="e",
                group="audit" if road == "kafka" else "", partition=0, offset=self.size,
            )  # fmt: skip
        order = Order.objects.filter(status="ready").order_by("placed_at")[self.size - 1]
        FraudCase.objects.create(
            order_id=order.pk, account=order.customer_id, device=f"d{self.size}", stage="placed", score=90,
            rules={"declines": 90}, opened_at=NOON,
        )  # fmt: skip
        FraudDecision.objects.create(
            order_id=self.scene.orders["cooking"].pk, stage=("paid", "declined")[self.size - 1], account=1,
            score=self.size, rules={}, features={}, at=NOON,
        )  # fmt: skip
        for workers in (1, 2):
            ScalingSample.objects.create(
                pool="others", waiting=self.size, in_work=1, age_seconds=1, workers=workers, wanted=2, reason="more"
            )
