"""The restaurant's page: what waits for an answer, tabs, undo, its own rules and figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from orders import timeouts
from orders.city import city_now, set_clock
from orders.models import Restaurant
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop() -> Restaurant:
    return factories.make_restaurant()


@pytest.fixture
def cook(shop: Restaurant) -> Client:
    return sign_in(shop.user)


def page(client: Client, **query: str) -> str:
    return client.get(reverse("orders:kitchen"), query).content.decode()


def alarm(client: Client) -> str:
    return client.get(reverse("orders:kitchen-alarm"), headers=HTMX).content.decode()


def test_a_new_order_raises_the_alarm_until_it_is_answered(shop: Restaurant, cook: Client) -> None:
    assert "data-new-order" not in page(cook) and "data-new-order" not in alarm(cook)
    order = factories.paid_order(restaurant=shop)
    for shown in (page(cook), alarm(cook)):
        assert f'data-new-order="{order.id}"' in shown
        assert "A new order waits" in shown and "is given up in" in shown
    # when: it is answered, the alarm is told to look again
    answer = cook.post(reverse("orders:kitchen-accept", args=[order.pk]), {"minutes": "20"}, headers=HTMX)
    assert answer["HX-Trigger"] == "answered" and "answered from:body" in page(cook)
    assert "data-new-order" not in alarm(cook)


def test_the_countdown_is_the_servers(shop: Restaurant, cook: Client) -> None:
    factories.paid_order(restaurant=shop)
    set_clock(at=city_now() + timedelta(minutes=14))
    (ticket,) = cook.get(reverse("orders:kitchen")).context["alarm"].waiting
    assert ticket.of_seconds == 900
    assert 50 < ticket.seconds <= 60
    assert 'data-format="clock"' in page(cook)


def test_another_restaurants_orders_raise_no_alarm(shop: Restaurant, cook: Client) -> None:
    factories.paid_order(restaurant=factories.make_restaurant("noodle-bar"))
    assert "data-new-order" not in alarm(cook)


def test_a_restaurant_that_paused_itself_says_why_and_resumes_with_one_press(shop: Restaurant, cook: Client) -> None:
    for _ in range(3):
        factories.paid_order(restaurant=shop)
    set_clock(at=city_now() + timedelta(minutes=16))
    assert timeouts.reject_unconfirmed() == 3
    for shown in (page(cook), alarm(cook)):
        assert "Paused by itself" in shown and "3 orders in a row got no answer" in shown and 'id="resume"' in shown
    cook.post(reverse("orders:kitchen-pause"), {"paused": "no"})
    assert "Paused" not in alarm(cook)


def test_tabs_work_without_scripts(shop: Restaurant, cook: Client) -> None:
    assert 'id="tab-paid" aria-current="page"' in page(cook)
    assert 'id="tab-ready" aria-current="page"' in page(cook, tab="ready")
    assert 'id="tab-paid" aria-current="page"' in page(cook, tab="nothing like it")
    # a press keeps the tab
    order = factories.accepted_order(restaurant=shop)
    answer = cook.post(reverse("orders:kitchen-ready", args=[order.pk]), {"tab": "accepted"})
    assert answer["Location"] == f"{reverse('orders:kitchen')}?tab=accepted"


def test_taking_longer_shows_the_new_time(shop: Restaurant, cook: Client) -> None:
    order = factories.accepted_order(restaurant=shop)
    url = reverse("orders:kitchen-later", args=[order.pk])
    assert 'role="alert"' not in cook.post(url, {"minutes": "10"}, headers=HTMX).content.decode()
    assert order.history.filter(type="order.delayed").count() == 1
    assert 'role="alert"' in cook.post(url, {"minutes": "soon"}, headers=HTMX).content.decode()
    assert order.history.filter(type="order.delayed").count() == 1


def test_what_was_marked_sold_out_can_be_undone_on_the_spot(shop: Restaurant, cook: Client) -> None:
    cake = shop.items.get(name="Cake")
    url = reverse("orders:kitchen-item", args=[cake.pk])
    marked = cook.post(url, {"sold_out": "yes"}, headers=HTMX).content.decode()
    assert "Undo" in marked and "Cake is sold out now" in marked
    undone = cook.post(url, {"sold_out": "no"}, headers=HTMX).content.decode()
    assert "Cake can be ordered again" in undone
    cake.refresh_from_db()
    assert cake.sold_out is False
    # without scripts, back to the item
    assert cook.post(url, {"sold_out": "yes"})["Location"].endswith(f"#item-{cake.pk}")


def test_rules_are_kept(shop: Restaurant, cook: Client) -> None:
    cook.post(reverse("orders:kitchen-rules"), {"preparation_minutes": "25", "auto_pause_after": "5"})
    shop.refresh_from_db()
    assert (shop.preparation_minutes, shop.auto_pause_after) == (25, 5)
    for senseless in ({"preparation_minutes": "soon", "auto_pause_after": "5"}, {"preparation_minutes": "999"}):
        answer = cook.post(reverse("orders:kitchen-rules"), senseless, follow=True)
        assert "note-error" in answer.content.decode()
    shop.refresh_from_db()
    assert (shop.preparation_minutes, shop.auto_pause_after) == (25, 5)


def test_its_numbers_are_on_the_page(shop: Restaurant, cook: Client) -> None:
    factories.accepted_order(restaurant=shop)
    assert '<dd id="n-acceptance">100 %</dd>' in page(cook)
    fragment = cook.get(reverse("orders:kitchen-numbers")).content.decode()
    assert '<dd id="n-orders">1</dd>' in fragment and "<html" not in fragment


def test_a_full_board_costs_no_more_queries(
    shop: Restaurant, cook: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        factories.paid_order(restaurant=shop)
        factories.accepted_order(restaurant=shop)
    factories.ready_order(restaurant=shop)
    # session, user, restaurant, items, orders, lines, city, clock, when paid; the day: clock, orders, ledger, ratings
    with django_assert_max_num_queries(13):
        page(cook)
    with django_assert_max_num_queries(7):
        cook.get(reverse("orders:kitchen"), headers=HTMX)
    with django_assert_max_num_queries(7):
        alarm(cook)


def test_only_restaurants_have_a_desk(shop: Restaurant) -> None:
    client = sign_in(factories.alice())
    for name in ("kitchen", "kitchen-alarm", "kitchen-numbers"):
        assert client.get(reverse(f"orders:{name}")).status_code == 403
