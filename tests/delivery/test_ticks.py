"""A tick counts what dispatch would count, of each zone, in one statement, and writes nothing."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from delivery import offers, ticks
from delivery.models import Courier
from messaging.models import OutboxRow
from orders.models import Order
from orders.pricing.ticks import PricingTick, number_at
from tests import factories

pytestmark = pytest.mark.django_db


def market() -> dict[str, tuple[int, int]]:
    return {tick.zone: (tick.demand, tick.supply) for tick, _ in ticks.market()}


def test_paid_orders_without_a_courier_are_demand_and_free_couriers_supply() -> None:
    factories.make_zone("harbour")
    factories.place_order()  # not paid: nobody cooks it yet
    assert market() == {"centre": (0, 0), "harbour": (0, 0)}
    first, second = factories.paid_order(factories.bob()), factories.accepted_order(factories.charlie())
    for name in ("c-01", "c-02", "c-03"):
        factories.make_courier(name)
    factories.make_courier("c-04", online=False)
    assert market() == {"centre": (2, 3), "harbour": (0, 0)}

    offers.make(second.pk, courier_id=Courier.objects.get(name="c-01").pk)
    assert market()["centre"] == (1, 2)
    Order.objects.filter(pk=first.pk).update(hold="held")
    assert market()["centre"] == (0, 2)
    assert market()["centre"][1] == Courier.objects.free().filter(zone="centre").count()


def test_a_look_at_every_zone_is_one_statement_and_no_write(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for zone in ("centre", "harbour", "old-town"):
        factories.make_zone(zone)
    told: list[tuple[PricingTick, str]] = []
    monkeypatch.setattr(ticks, "emit", lambda tick, *, key, at: told.append((tick, key)))
    with django_assert_num_queries(1):
        assert ticks.tell_market() == 0
    assert [(tick.zone, key) for tick, key in told] == [(zone, zone) for zone in ("centre", "harbour", "old-town")]
    assert all(abs(tick.number - number_at(timezone.now())) < 40 for tick, _ in told)
    assert not OutboxRow.objects.filter(destination="pricing.ticks").exists()
