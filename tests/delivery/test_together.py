"""Several offers in one transaction end as they would have one by one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.verify.couriers import one_courier, within_capacity
from config.verify.history import history_is_whole
from delivery import offers, together
from delivery.models import Assignment, Courier, Offer
from delivery.planning import Job
from messaging.models import OutboxRow
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories

from .conftest import facts, offer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs() -> list[Job]:
    """Five couriers with room for two, five pairs of orders."""
    couriers = [factories.make_courier(f"c-{number}", capacity=2) for number in range(5)]
    orders = [factories.ready_order() for _ in range(10)]
    return [
        Job(str(courier.pk), (str(orders[2 * place].pk), str(orders[2 * place + 1].pk)))
        for place, courier in enumerate(couriers)
    ]


def order(job: Job, place: int = 0) -> Order:
    return Order.objects.get(pk=job.orders[place])


def test_each_is_an_offer_like_any_other(jobs: list[Job]) -> None:
    assert together.make(jobs) == (5, [])
    for job in jobs:
        offer = Offer.objects.get(courier=int(job.courier), state="open")
        held = Assignment.objects.filter(offer=offer).order_by("door").values_list("order", "state")
        assert [(str(pk), state) for pk, state in held] == [(pk, "offered") for pk in job.orders]
        assert facts(order(job)) == ["order.ready", "offer.made"]
        made = OrderHistory.objects.get(order=order(job, 1), type="offer.made")
        assert (made.payload["courier_id"], made.payload["attempt"], made.at) == (offer.courier_id, 1, offer.made_at)
    assert OutboxRow.objects.filter(type="offer.made").count() == 10
    assert [*one_courier(), *within_capacity(), *history_is_whole()] == []


def test_it_asks_the_database_less_than_one_by_one(jobs: list[Job]) -> None:
    with CaptureQueriesContext(connection) as several:
        together.make(jobs[:4])
    with CaptureQueriesContext(connection) as alone:
        offers.make(*jobs[4].orders, courier_id=int(jobs[4].courier))
    assert len(several) < 0.75 * 4 * len(alone)


def test_what_does_not_fit_is_left_and_the_others_are_made(jobs: list[Job]) -> None:
    lifecycle.cancel(jobs[0].orders[1], by=Actor("operator"), reason="test")
    Courier.objects.filter(pk=int(jobs[1].courier)).update(capacity=1)
    Courier.objects.filter(pk=int(jobs[2].courier)).update(online=False)
    assert together.make(jobs) == (2, jobs[:3])
    assert Offer.objects.count() == 2
    assert facts(order(jobs[0])) == ["order.ready"]


def test_a_lost_race_leaves_all_of_that_transaction_to_be_made_alone(jobs: list[Job]) -> None:
    Courier.objects.update(capacity=3)
    offer_to(Courier.objects.get(pk=int(jobs[0].courier)), order(jobs[1]))
    assert together.make(jobs) == (0, jobs)
    assert Offer.objects.count() == 1
    assert facts(order(jobs[3])) == ["order.ready"], "nothing of it was committed"


def test_few_are_not_worth_it(jobs: list[Job]) -> None:
    assert together.make(jobs[:3]) == (0, jobs[:3])
    assert not Offer.objects.exists()
