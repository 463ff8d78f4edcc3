"""The tracker's map and its words, the city's layers, and the courier at the kitchen's counter."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from delivery import arrivals, couriers
from delivery.events import CourierMoved
from delivery.models import Courier
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories
from tests.delivery.conftest import in_the_bag, taken
from tests.pages.conftest import sign_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier("c-01", capacity=2)


def seen(courier: Courier, place: tuple[float, float]) -> None:
    arrivals.note([CourierMoved(courier_id=courier.pk, latitude=place[0], longitude=place[1])])


def words(client: Client, order: Order) -> str:
    return client.get(reverse("delivery:courier-of", args=[order.pk]), headers=HTMX).content.decode()


def test_words_say_how_far_the_courier_is(courier: Courier) -> None:
    # given: about a kilometre from the counter, at 320 metres a minute
    Courier.objects.filter(pk=courier.pk).update(latitude=48.191)
    order = factories.accepted_order()
    alice = sign_in(order.customer)
    # then: before anybody takes it, only the times are told, and no place
    assert 'id="away"' not in words(alice, order)
    assert 'data-courier=""' in words(alice, order) and 'id="eta"' in words(alice, order)
    taken(courier, order)
    assert "About 4 minutes from the restaurant." in words(alice, order)
    seen(courier, factories.COUNTER)
    assert "At the restaurant now." in words(alice, order)
    lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
    couriers.pick_up(order.id, courier=courier)
    assert "About 4 minutes away." in words(alice, order)
    seen(courier, factories.DOOR)
    assert "At your door now." in words(alice, order)
    # when: it is delivered, the courier's place is nobody's business any more
    couriers.deliver(order.id, courier=courier)
    page = words(alice, order)
    assert 'data-courier=""' in page and 'id="away"' not in page and "brought it" in page


def test_without_a_script_the_words_are_a_page(courier: Courier) -> None:
    order = taken(courier)
    page = sign_in(order.customer).get(reverse("delivery:courier-of", args=[order.pk])).content.decode()
    assert "<h1>" in page and 'id="eta"' in page and "from the restaurant" in page


def test_only_the_orders_own_customer_gets_its_map(courier: Courier) -> None:
    order = in_the_bag(courier)
    alice, bob = sign_in(order.customer), sign_in(factories.bob())
    map_of, courier_of = (reverse(f"delivery:{name}", args=[order.pk]) for name in ("map-of", "courier-of"))
    assert 'id="map"' in alice.get(map_of).content.decode()
    for page in (map_of, courier_of):
        assert bob.get(page).status_code == 404
        assert sign_in(courier.user).get(page).status_code == 403
        assert Client().get(page).status_code == 302
    couriers.deliver(order.id, courier=courier)
    assert 'id="map"' not in alice.get(map_of).content.decode()


def test_the_map_asks_nobody_outside(courier: Courier) -> None:
    order = in_the_bag(courier)
    page = sign_in(order.customer).get(reverse("orders:order", args=[order.pk]))
    html = page.content.decode()
    assert "/static/leaflet/leaflet.js" in html and "/static/delivery/map.js" in html
    assert "//" not in html.replace("https://", "").split("<head>")[1].split("</head>")[0].replace("http://", "")
    assert "tile" not in page.headers["Content-Security-Policy"]


def test_the_citys_layers_are_its_own_data() -> None:
    for number, (zone, east) in enumerate((("centre", 0.0), ("north", 0.02), ("north", 0.03), ("centre", 0.005))):
        at = (48.2 + number / 300, 16.37 + east)
        factories.make_restaurant(f"shop-{number}", zone=zone, at=at)
    answer = Client().get(reverse("delivery:city-layers"))
    assert "max-age" in answer.headers["Cache-Control"]
    zones = {each["properties"].get("name"): each for each in answer.json()["features"]}
    assert set(zones) == {"Centre", "North", None}
    for name in ("Centre", "North"):
        (ring,) = zones[name]["geometry"]["coordinates"]
        assert ring[0] == ring[-1] and len(ring) >= 4
    assert len(zones[None]["geometry"]["coordinates"]) >= 3


@pytest.mark.parametrize("shops", [0, 1, 3])
def test_a_small_city_has_a_map_too(shops: int) -> None:
    for number in range(shops):
        factories.make_restaurant(f"shop-{number}", at=(48.2 + number / 100, 16.37))
    layers = Client().get(reverse("delivery:city-layers")).json()["features"]
    assert len(layers[-1]["geometry"]["coordinates"]) == max(0, shops - 1)


def test_the_kitchen_sees_that_the_courier_is_here(courier: Courier) -> None:
    order = taken(courier)
    kitchen = sign_in(order.restaurant.user)
    board = reverse("orders:kitchen")
    assert "A courier has taken it" in kitchen.get(board).content.decode()
    seen(courier, factories.COUNTER)
    assert "The courier is here" in kitchen.get(board).content.decode()
    # when: another one takes over, who has yet to come
    Order.objects.filter(pk=order.pk).update(courier_id=courier.pk + 1)
    assert "The courier is here" not in kitchen.get(board).content.decode()
