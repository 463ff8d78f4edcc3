"""Money under every fault a gateway is known for: one capture each, forgeries refused, and the books agree."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import httpx
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from config.verify import money
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import GatewayEvent, Order, Payment, PaymentHistory, Refund, Restaurant
from orders.payments import refunds, tasks
from orders.payments.gateway import GatewayUnavailable
from orders.payments.lease import LeaseHeld
from tests import factories
from tests.orders.payments.conftest import Provider
from tests.system import System, running
from tests.waiting import wait_for

from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

#: Cards of one trial: every way of the gateway to misbehave, and one that does not.
CARDS = ["tok_ok", "tok_timeout", "tok_news_double", "tok_news_disordered", "tok_news_forged", "tok_chaos", "tok_chaos"]
GENUINE = "genuine"


@pytest.fixture
def city() -> tuple[User, Restaurant]:
    return factories.alice(), factories.make_restaurant()


@pytest.fixture
def system(settings: Settings) -> Iterator[System]:
    """Everything that payments take, with a gateway of its own that sends its webhooks to the web server."""
    call_command("topology", verbosity=0)
    with running("web", "relay", "payments", "gateway") as parts:
        settings.PAYMENT_GATEWAY_URL = parts.gateway_url
        yield parts


@pytest.fixture
def provider(system: System, settings: Settings) -> Iterator[Provider]:
    found = Provider(system.gateway_url, settings.PAYMENT_GATEWAY_KEY)
    yield found
    found.http.close()


def states(orders: Sequence[Order]) -> list[str]:
    return list(Payment.objects.filter(order__in=orders).values_list("state", flat=True).distinct())


def to_the_door(order: Order) -> None:
    lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
    lifecycle.mark_ready(order.id, by=Actor("restaurant"))
    lifecycle.pick_up(order.id, by=Actor("courier", 1))
    lifecycle.deliver(order.id, by=Actor("courier", 1))


def no_difference() -> None:
    """Invariant I6, and I5 of the payments' stream as far as the database goes."""
    for check in (money.ledger_balances, money.ledger_equals_payments, money.gateway_agrees, money.payments_ended):
        assert list(check()) == [], check.__name__
    for payment in Payment.objects.all():
        told = list(PaymentHistory.objects.filter(payment=payment).values_list("sequence", flat=True))
        assert told == list(range(1, payment.version + 1))


def overtaken(reference: str) -> bool:
    """Whether the news of the capture came before that of the hold."""
    seen = list(GatewayEvent.objects.filter(reference=reference).order_by("received_at").values_list("type", flat=True))
    kinds = ["payment_intent.succeeded", "payment_intent.amount_capturable_updated"]
    return [kind for kind in seen if kind in kinds] == kinds


@pytest.mark.fault(20, "the gateway times out after charging; webhooks double, disordered, forged, stale")
def test_row_20(fault: Row, city: tuple[User, Restaurant], provider: Provider) -> None:
    refused = overtakings = 0
    for dice in fault.run(short=1, full=25):
        cards = dice.sample(CARDS, k=len(CARDS))
        orders = [factories.place_order(*city, card=card) for card in cards]
        references = Payment.objects.filter(order__in=orders)
        wait_for(lambda: states(orders) == ["authorised"], within=60, what="every payment to be held")  # noqa: B023
        for order in orders:
            to_the_door(order)
        wait_for(lambda: states(orders) == ["captured"], within=60, what="every payment to be taken")  # noqa: B023
        mine = set(references.values_list("gateway_reference", flat=True))
        wait_for(
            lambda: all(news["done"] for news in provider.deliveries() if news["intent"] in mine),  # noqa: B023
            within=40,
            what="every webhook to be sent",
        )
        news = [each for each in provider.deliveries() if each["intent"] in mine]
        assert {each["answer"] for each in news if each["variant"] == GENUINE} == {200}
        assert {each["answer"] for each in news if each["variant"] != GENUINE} == {400}
        genuine = [each["event"] for each in news if each["variant"] == GENUINE]
        # Two an order; those that came twice are known by their id.
        assert (len(set(genuine)), len(genuine)) == (2 * len(orders), 2 * (len(orders) + 3))
        assert set(GatewayEvent.objects.filter(reference__in=mine).values_list("pk", flat=True)) == set(genuine)
        books = provider.books()
        assert [(books[each]["captures"], books[each]["received"]) for each in mine] == [(1, 1190)] * len(orders)
        refused += sum(each["variant"] != GENUINE for each in news)
        overtakings += sum(overtaken(reference) for reference in mine)
        no_difference()
    fault.measures["forgeries refused"] = str(refused)
    fault.measures["news that came last first"] = str(overtakings)
    assert refused and overtakings


@pytest.mark.fault(20, "the gateway is killed as it is called, and comes back")
def test_row_20_killed(fault: Row, city: tuple[User, Restaurant], system: System, provider: Provider) -> None:
    for dice in fault.run(short=1, full=10):
        orders = [factories.place_order(*city) for _ in range(5)]
        held = random.Random(dice.random()).randint(0, 3)
        with contextlib.suppress(httpx.HTTPError):
            wait_for(lambda: len(provider.books()) > held, within=30, what="the gateway to be called")  # noqa: B023
        system["gateway"].kill()
        system["gateway"].spawn()
        wait_for(lambda: states(orders) == ["authorised"], within=60, what="every payment to be held")  # noqa: B023
        for order in orders:
            to_the_door(order)
        wait_for(lambda: states(orders) == ["captured"], within=60, what="every payment to be taken")  # noqa: B023
        no_difference()


def delivered_ten_times(commands: Sequence[Callable[[], None]], dice: random.Random) -> None:
    """Each command ten times, all shuffled, eight at once; one that may not run yet comes again, as on SQS."""

    def receive(command: Callable[[], None]) -> None:
        try:
            for _ in range(200):
                with contextlib.suppress(LeaseHeld, GatewayUnavailable):
                    return command()
                wait_for(lambda: True, within=1, what="nothing")
            raise AssertionError("two hundred receives, and never its turn")
        finally:
            connection.close()

    messages = list(commands) * 10
    dice.shuffle(messages)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(receive, messages))


@pytest.mark.fault(7, "every payment command is delivered 10 times, shuffled")
def test_row_7_for_payments(fault: Row, city: tuple[User, Restaurant], settings: Settings) -> None:
    for dice in fault.run(short=1, full=20):
        delivered, called_off, declined = (
            [factories.place_order(*city, card=card) for _ in range(3)] for card in ("tok_ok", "tok_ok", "tok_declined")
        )
        for order in called_off[:2]:
            lifecycle.cancel(order.id, by=Actor("operator", 1), reason="test")
        everything = [*delivered, *called_off, *declined]
        authorise = [partial(tasks.authorise, order=str(order.id)) for order in everything]
        delivered_ten_times([*authorise, *(partial(tasks.void, order=str(o.id)) for o in called_off)], dice)
        lifecycle.cancel(called_off[2].id, by=Actor("operator", 1), reason="test")
        for order in delivered:
            to_the_door(order)
        later = [partial(tasks.capture, order=str(order.id)) for order in everything]
        later += [partial(tasks.void, order=str(order.id)) for order in called_off]
        later += [partial(tasks.refresh, order=str(order.id)) for order in everything]
        delivered_ten_times([*authorise, *later], dice)
        asked = [refunds.ask(o.id, by=Actor("operator", 1), reason="goodwill", amount=190) for o in delivered[:2]]
        asked.append(refunds.ask(delivered[0].id, by=Actor("operator", 1), reason="missing"))
        delivered_ten_times([*(partial(tasks.refund, refund=str(r.pk)) for r in asked), *later], dice)

        assert states(delivered[:1]) == ["refunded"]
        assert states(delivered[1:2]) == ["partly_refunded"]
        assert states(delivered[2:]) == ["captured"]
        assert states(called_off) == ["voided"]
        assert states(declined) == ["declined"]
        assert set(Refund.objects.values_list("state", flat=True)) == {"succeeded"}
        no_difference()
