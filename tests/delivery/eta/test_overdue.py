"""Open orders beside the latest time that their customers were told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.dashboard.scope import CITY, Scope
from config.operator.hands import hands
from delivery.eta.overdue import overdue
from delivery.models import Promise
from orders import lifecycle
from orders.city import city_now
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories

pytestmark = pytest.mark.django_db


def told(order: Order, sequence: int, *, estimated: float, latest: float) -> None:
    """A promise of so many city minutes from now."""
    now = city_now()
    Promise.objects.create(
        order=order,
        sequence=sequence,
        stage="placed",
        made_at=now,
        base=now,
        scale=60,
        estimated=now + timedelta(minutes=estimated),
        latest_by=now + timedelta(minutes=latest),
    )


def test_an_order_is_late_by_what_its_customer_was_told_first() -> None:
    # given: one past its time, though it was promised anew; one expected after it; one in time; one without a promise
    late, risk, fine, _ = (factories.accepted_order() for _ in range(4))
    told(late, 1, estimated=-20, latest=-10)
    told(late, 5, estimated=5, latest=15)
    told(risk, 1, estimated=5, latest=12)
    told(risk, 4, estimated=13, latest=20)
    told(fine, 1, estimated=5, latest=12)
    told(fine, 4, estimated=11, latest=30)
    # when
    found = overdue(city_now())
    # then
    assert [(each.order_id, each.told < city_now()) for each in found] == [(late.pk, True), (risk.pk, False)]
    assert overdue(city_now(), zone="elsewhere") == [] and overdue(city_now(), restaurant=0) == found
    assert overdue(city_now(), restaurant=late.restaurant_id + 1) == []


def test_what_has_ended_is_late_no_more() -> None:
    order = factories.paid_order()
    told(order, 1, estimated=-20, latest=-10)
    lifecycle.reject(order.pk, by=Actor("restaurant", order.restaurant.user_id), reason="closed")
    assert overdue(city_now()) == []


def test_the_operator_sees_first_who_waits_longer_than_was_said() -> None:
    # given
    risk, late = factories.accepted_order(), factories.accepted_order()
    told(risk, 1, estimated=5, latest=12)
    told(risk, 4, estimated=13, latest=20)
    told(late, 1, estimated=-20, latest=-10)
    # when
    count, found = hands(city_now(), CITY)
    # then
    assert count == 2
    assert [(hand.why, hand.tone, hand.action) for hand in found] == [
        ("later than promised", "bad", "Look after it"),
        ("at risk of being late", "work", "Look after it"),
    ]
    assert "at the latest, expected" in found[0].detail and f"{late.pk}" in found[0].url
    # and: a zone has its own
    assert hands(city_now(), Scope(zone=late.zone))[0] == 2
    assert hands(city_now(), Scope(zone="elsewhere")) == (0, [])
