"""Three offers in a row without an answer: the courier is taken offline, and told why."""

from __future__ import annotations

import pytest
from django.db.models import Value
from django.urls import reverse

from delivery import couriers, offers
from delivery.models import Courier, Offer
from messaging.models import OutboxRow
from orders.city import CityAfter
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db
TOLD = "Three offers in a row ran out"


def let_run_out(courier: Courier) -> None:
    offer = offers.make(factories.accepted_order().pk, courier_id=courier.pk)
    assert offer is not None
    Offer.objects.filter(pk=offer.pk).update(deadline=CityAfter(Value(-1)))
    offers.expire(offer.pk)


def page(courier: Courier) -> str:
    return sign_in(courier.user).get(reverse("delivery:courier")).content.decode()


def test_the_third_in_a_row_takes_them_offline_with_a_message() -> None:
    courier = factories.make_courier()
    for _ in range(2):
        let_run_out(courier)
    assert "You are online" in page(courier)
    let_run_out(courier)
    assert TOLD in page(courier)
    event = OutboxRow.objects.get(type="courier.offline")
    assert b'"reason":"timeouts"' in bytes(event.payload)
    # and back: the message is about what was, not about who they are
    couriers.go_online(courier.pk, latitude=48.2, longitude=16.37)
    assert TOLD not in page(courier)
    couriers.go_offline(courier.pk)
    assert TOLD not in page(courier)


def test_who_leaves_by_choice_is_not_told_so() -> None:
    courier = factories.make_courier()
    for _ in range(2):
        let_run_out(courier)
    couriers.go_offline(courier.pk)
    assert TOLD not in page(courier)
