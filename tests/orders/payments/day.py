"""A day of orders in virtual time, played for its money: every way in which a payment can go is gone every hour or so.

Verbs, database, payment commands and the gateway's process are the real ones; the clock is set from event to event, and
commands are taken from the outbox as a worker takes them from SQS: late where the gateway is away, now and then twice.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now as wall_now

from accounts.models import User
from delivery import couriers, offers
from delivery.models import Courier
from messaging.models import OutboxRow
from orders import checkout, lifecycle
from orders.city import set_clock
from orders.lifecycle import SYSTEM, Actor
from orders.models import Order, Payment, Refund, Restaurant, Status
from orders.payments import refunds, tasks
from orders.payments.gateway import GatewayUnavailable
from orders.payments.lease import LeaseHeld
from tests import factories

from .conftest import Provider

COMMANDS: dict[str, Callable[..., Any]] = {
    "payments.authorise": tasks.authorise,
    "payments.capture": tasks.capture,
    "payments.void": tasks.void,
    "payments.refresh": tasks.refresh,
    "payments.refund": tasks.refund,
    "delivery.release": lambda order: couriers.release(order),
}
CARDS = {
    "declined": ["tok_declined", "tok_insufficient_funds", "tok_expired"],
    "bank says yes": ["tok_3ds"],
    "bank says no": ["tok_3ds"],
    "bank hears nothing": ["tok_3ds"],
    "bank is away": ["tok_unavailable"],
    "answer too late": ["tok_timeout"],
}
#: What becomes of so many of each forty orders.
FATES = {
    "delivered": 17,
    "declined": 2,
    "bank says yes": 2,
    "bank says no": 1,
    "bank hears nothing": 1,
    "bank is away": 1,
    "answer too late": 1,
    "customer cancels": 2,
    "restaurant rejects": 1,
    "restaurant cancels": 1,
    "nobody brings it": 1,
    "operator cancels on the way": 1,
    "a piece back": 3,
    "a piece back, and more": 1,
    "refused": 1,
    "whole back": 2,
    "amount back": 2,
}
#: Orders of an hour beside the day's mean.
SHAPE = [
    *[0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 0.6, 0.7, 0.7, 0.9, 1.5],
    *[2.2, 1.9, 1.1, 0.8, 0.8, 1.2, 2.2, 2.6, 2.2, 1.6, 1.0, 0.8],
]
MOST_TRIES = 200
OPERATOR = Actor("operator", 1)


@dataclass
class Day:
    """`play` runs from `began` for so many hours, and on until every order has ended. Times are city time."""

    dice: random.Random
    provider: Provider
    began: datetime
    hours: float
    orders_an_hour: float
    fates: dict[uuid.UUID, str] = field(default_factory=dict)
    #: Courier → what they brought, in minor units of delivery fees: the day's own count.
    fees: Counter[int] = field(default_factory=Counter)
    repeated: int = 0
    later: int = 0

    def __post_init__(self) -> None:
        self.now = self.began
        self.shops = [
            factories.make_restaurant(name, delivery_fee=fee)
            for name, fee in (("soup-kitchen", 290), ("noodle-bar", 333), ("bakery", 0))
        ]
        self.customers = [factories.make_customer(f"day-{number}") for number in range(6)]
        self.free = [factories.make_courier(f"c-{number:02}") for number in range(12)]
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._deck: list[str] = []

    def play(self) -> None:
        """All orders to their ends, and their money, too."""
        self.after(0, self.order)
        while self._heap:
            self.now, _, act = heapq.heappop(self._heap)
            set_clock(at=self.now, speed=1e-6)
            act()
            self.carry_out()

    def after(self, minutes: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (self.now + timedelta(minutes=minutes), next(self._count), act))

    def fate(self) -> str:
        """Dealt from a deck, so that each comes in every forty."""
        if not self._deck:
            self._deck = [fate for fate, count in FATES.items() for _ in range(count)]
            self.dice.shuffle(self._deck)
        return self._deck.pop()

    # What workers do.

    def carry_out(self) -> None:
        """Take the commands that the outbox owes and carry them out; what cannot be done now comes again."""
        while rows := list(OutboxRow.objects.filter(road="sqs").order_by("id")):
            OutboxRow.objects.filter(pk__in=[row.pk for row in rows]).delete()
            for row in rows:
                if row.type in COMMANDS:
                    self.receive(row.type, json.loads(bytes(row.payload)))

    def receive(self, task: str, arguments: dict[str, Any], tries: int = 1) -> None:
        twice = self.dice.random() < 0.05
        self.repeated += twice
        for _ in range(1 + twice):
            try:
                COMMANDS[task](**arguments)
            except (GatewayUnavailable, LeaseHeld):
                assert tries < MOST_TRIES, f"{task} {arguments} never went through"
                self.later += 1
                self.after(1, lambda: self.receive(task, arguments, tries + 1))
                return

    # What people do.

    def order(self) -> None:
        left = self.began + timedelta(hours=self.hours) - self.now
        if left <= timedelta(0):
            return
        self.after(self.dice.expovariate(self.orders_an_hour * SHAPE[self.now.hour] / 60), self.order)
        fate = self.fate()
        order = self.place(self.dice.choice(self.customers), self.dice.choice(self.shops), fate)
        self.fates[order.pk] = fate
        self.after(self.dice.uniform(0.2, 2), lambda: self.paid(order, fate))

    def place(self, customer: User, shop: Restaurant, fate: str) -> Order:
        # What costs more than a customer may ask back without a question has two pieces of each.
        least = 2 if fate == "refused" else 1
        lines = [
            checkout.LineRequest(item=item.pk, quantity=self.dice.randint(least, 3), unit_price=item.price)
            for item in shop.items.all()
        ]
        if not fate.startswith(("a piece", "refused")):
            lines = lines[: self.dice.randint(1, 2)]
        return checkout.place_order(
            customer=customer,
            restaurant=shop.slug,
            lines=lines,
            address=checkout.AddressRequest(line="1 Test Lane", latitude=48.209, longitude=16.37),
            card=self.dice.choice(CARDS.get(fate, ["tok_ok"])),
            expected_total=sum(line.quantity * line.unit_price for line in lines) + shop.delivery_fee,
            idempotency_key=uuid.uuid4().hex,
        )

    def paid(self, order: Order, fate: str) -> None:
        order.refresh_from_db()
        payment: Payment = order.payment
        if order.status == Status.PAYMENT_FAILED or order.is_final:
            return
        if fate == "customer cancels" or (fate == "bank is away" and payment.state == Payment.State.PENDING):
            lifecycle.cancel(order.pk, by=Actor("customer", order.customer_id), reason="changed my mind")
        elif payment.state == Payment.State.ACTION:
            self.asked(order, payment, fate)
        elif order.status != Status.PAID:
            # The answer is still on its way.
            self.after(1, lambda: self.paid(order, fate))
        elif fate == "restaurant rejects":
            lifecycle.reject(order.pk, by=Actor("restaurant", order.restaurant.user_id), reason="too busy")
        else:
            lifecycle.accept(
                order.pk, by=Actor("restaurant", order.restaurant.user_id), preparation=timedelta(minutes=15)
            )
            self.after(self.dice.uniform(8, 25), lambda: self.cooked(order, fate))

    def asked(self, order: Order, payment: Payment, fate: str) -> None:
        """The customer at their bank's page, and the sweeper that asks how it went."""
        if fate == "bank hears nothing":
            Payment.objects.filter(pk=payment.pk).update(action_since=wall_now() - timedelta(hours=1))
        else:
            self.provider.answer(payment.action_url, "yes" if fate == "bank says yes" else "no")
        self.receive("payments.refresh", {"order": str(order.pk)})
        self.after(1, lambda: self.paid(order, fate))

    def cooked(self, order: Order, fate: str) -> None:
        cook = Actor("restaurant", order.restaurant.user_id)
        if fate == "restaurant cancels":
            lifecycle.cancel(order.pk, by=cook, reason="out of soup")
        elif fate == "nobody brings it":
            lifecycle.give_up(order.pk, by=SYSTEM, reason="no courier")
        else:
            lifecycle.mark_ready(order.pk, by=cook)
            self.hand_over(order, fate)

    def hand_over(self, order: Order, fate: str) -> None:
        if not self.free:
            self.after(2, lambda: self.hand_over(order, fate))
            return
        courier = self.free.pop(self.dice.randrange(len(self.free)))
        offer = offers.make(order.pk, courier_id=courier.pk)
        assert offer is not None
        offers.accept(offer.pk, courier=courier)
        self.after(self.dice.uniform(2, 8), lambda: self.on_the_way(order, courier, fate))

    def on_the_way(self, order: Order, courier: Courier, fate: str) -> None:
        couriers.pick_up(order.pk, courier=courier)
        self.after(self.dice.uniform(3, 20), lambda: self.at_the_door(order, courier, fate))

    def at_the_door(self, order: Order, courier: Courier, fate: str) -> None:
        if fate == "operator cancels on the way":
            lifecycle.cancel(order.pk, by=OPERATOR, reason="an accident")
            self.carry_out()
        else:
            couriers.deliver(order.pk, courier=courier)
            self.fees[courier.pk] += order.delivery_fee
            # Some complain the day after.
            later = self.dice.choice([self.dice.uniform(5, 40), self.dice.uniform(400, 900)])
            self.after(later, lambda: self.complain(order, fate))
        self.free.append(courier)

    def complain(self, order: Order, fate: str) -> None:
        customer, line = Actor("customer", order.customer_id), order.lines.all()[0]
        reason = self.dice.choice(["missing", "wrong", "quality", "late"])
        if Payment.objects.get(order=order).state == Payment.State.AUTHORISED:
            self.after(1, lambda: self.complain(order, fate))
        elif fate in ("a piece back", "a piece back, and more"):
            self.decide(refunds.ask(order.pk, by=customer, reason=reason, pieces={line.pk: 1}), yes=True)
            if fate == "a piece back, and more":
                self.after(30, lambda: self.decide(refunds.ask(order.pk, by=customer, reason="quality"), yes=True))
        elif fate == "refused":
            other = refunds.ask(order.pk, by=customer, reason=reason)
            # What is small is granted without a question: then there is nothing to refuse.
            self.decide(other, yes=False)
        elif fate == "whole back":
            refunds.ask(order.pk, by=OPERATOR, reason=self.dice.choice(["goodwill", "not_delivered", "missing"]))
        elif fate == "amount back":
            refunds.ask(order.pk, by=OPERATOR, reason="goodwill", amount=self.dice.randint(1, order.total))

    def decide(self, asked: Refund, *, yes: bool) -> None:
        if asked.state == Refund.State.REQUESTED:
            refunds.approve(asked.pk, by=OPERATOR) if yes else refunds.refuse(asked.pk, by=OPERATOR, why="It was whole")

    def ends(self) -> Iterator[tuple[str, str]]:
        """Each order's fate and the status in which it ended."""
        found = dict(Order.objects.values_list("pk", "status"))
        for order, fate in self.fates.items():
            yield fate, found[order]
