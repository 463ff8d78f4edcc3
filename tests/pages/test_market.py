"""The three pages of the market's readers, for operators alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.compliance import apply as compliance
from analytics.monitoring import apply as monitoring
from messaging.consuming.positions import live_number
from orders.models import ZoneFare
from orders.pricing import apply as pricing
from orders.pricing.quotes import quote_for
from tests import factories
from tests.market.market import envelopes, flat, owed
from tests.orders.pricing.test_quotes import order

from .conftest import sign_in

pytestmark = pytest.mark.django_db

PAGES = ("pricing", "monitoring", "compliance")


@pytest.fixture
def operator(settings: Any) -> Client:
    settings.SURCHARGE_BOUNDS = (0, 200)
    return sign_in(factories.make_operator())


def page(client: Client, name: str, **headers: str) -> str:
    answer = client.get(reverse(f"operator-{name}"), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_for_operators_and_stand_without_anything_to_show(operator: Client, name: str) -> None:
    assert sign_in(factories.alice()).get(reverse(f"operator-{name}")).status_code == 403
    assert "<h1>" in page(operator, name)
    # Asked again while it is looked at, it sends what changes alone.
    assert "<h1>" not in page(operator, name, **{"HX-Request": "true"})


def test_a_busy_zone_is_seen_on_all_three(operator: Client) -> None:
    # given: a zone in which eight orders wait and nobody is free, and an order at the new fee
    shop = factories.make_restaurant(delivery_fee=290)
    ticks = envelopes(flat("centre", 8, 0, seconds=60))
    pricing.apply(ticks, generation=live_number("pricing"))
    placed = order(shop, quote=quote_for(shop).pk, total=1390)
    monitoring.apply(ticks, generation=live_number("monitoring"))
    facts = [event for records in owed().values() for event in envelopes(records)]
    compliance.apply([*ticks, *facts], generation=live_number("compliance"))

    fees, market, record = (page(operator, name) for name in PAGES)

    assert "+€\u202f2.00" in fees and "8.0 orders wait for each courier free" in fees
    assert "orders wait and no courier is free" in market
    assert "None: each order that names a quote was charged what the quote showed" in record
    assert placed.number in record and "charged as shown, within the bounds" in record
    for text in (fees, market):
        assert "<polyline" in text and "As a table" in text and "Wall time" in text


def test_an_operator_sets_bounds_and_nonsense_changes_nothing(operator: Client) -> None:
    factories.make_restaurant()
    url = reverse("operator-bounds", args=["centre"])
    answer = operator.post(url, {"lowest": "50", "highest": "150"}, follow=True)
    assert "€\u202f0.50 to €\u202f1.50" in answer.content.decode()
    for lowest, highest in (("200", "100"), ("", "100"), ("-1", "100"), ("0", "9999999999999")):
        answer = operator.post(url, {"lowest": lowest, "highest": highest}, follow=True)
        assert "Nothing was changed" in answer.content.decode()
    fare = ZoneFare.objects.get()
    assert (fare.lowest, fare.highest, fare.surcharge, fare.version) == (50, 150, 50, 1)
    assert operator.get(url).status_code == 405


def test_bounds_of_a_zone_that_there_is_not_make_none(operator: Client) -> None:
    assert (
        operator.post(reverse("operator-bounds", args=["nowhere"]), {"lowest": "0", "highest": "9"}).status_code == 404
    )
    assert not ZoneFare.objects.exists()
