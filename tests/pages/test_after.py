"""After an order: what cancelling costs, ratings, the receipt, and the same again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders import checkout, lifecycle
from orders.checkout import LineRequest
from orders.city import city_now, set_clock
from orders.lifecycle import Actor
from orders.models import MenuOption, Order, Rating, Restaurant
from orders.ratings import Average, averages, courier_average
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return factories.alice()


@pytest.fixture
def browser(alice: User) -> Client:
    return sign_in(alice)


def delivered(alice: User) -> Order:
    order = factories.ready_order(alice)
    Order.objects.filter(pk=order.pk).update(courier_id=7)
    lifecycle.pick_up(order.id, by=Actor("courier", 7))
    return lifecycle.deliver(order.id, by=Actor("courier", 7))


def order_page(client: Client, order: Order) -> str:
    return client.get(reverse("orders:order", args=[order.pk])).content.decode()


def rate(client: Client, order: Order, **stars: str) -> str:
    return client.post(reverse("orders:rate", args=[order.pk]), stars, follow=True).content.decode()


def test_what_cancelling_costs_is_said_at_each_stage(alice: User, browser: Client) -> None:
    order = factories.place_order(alice)
    assert "nothing was taken from your card" in order_page(browser, order)
    assert "what is held on your card is let go" in order_page(browser, factories.paid_order(alice))
    cooking = order_page(browser, factories.accepted_order(alice))
    assert "would cost the whole order" in cooking and "Cancel the order" not in cooking
    assert "cancel" not in order_page(browser, delivered(alice)).lower()


def test_food_and_courier_are_rated_apart_and_once(alice: User, browser: Client) -> None:
    order = delivered(alice)
    assert "How was it?" in order_page(browser, order)
    rate(browser, order, food="5", courier="2", note="Hot and good")
    page = rate(browser, order, food="4", courier="2")
    assert "<dd>4 of 5</dd>" in page and "<dd>2 of 5</dd>" in page
    rating = Rating.objects.get()
    assert (rating.food, rating.courier, rating.courier_id) == (4, 2, 7)
    assert averages([order.restaurant_id]) == {order.restaurant_id: Average(4.0, 1)}
    assert courier_average(7) == Average(2.0, 1)
    assert courier_average(8) is None


@pytest.mark.parametrize("stars", [{}, {"food": "6"}, {"food": "0"}, {"courier": "many"}, {"food": "-1"}])
def test_senseless_stars_are_not_kept(alice: User, browser: Client, stars: dict[str, str]) -> None:
    assert "note-error" in rate(browser, delivered(alice), **stars)
    assert not Rating.objects.exists()


def test_only_ones_own_delivered_order_is_rated_and_not_for_ever(alice: User, browser: Client) -> None:
    under_way = factories.accepted_order(alice)
    assert browser.get(reverse("orders:rating", args=[under_way.pk])).status_code == 204
    assert "once it is delivered" in rate(browser, under_way, food="5")
    order = delivered(alice)
    charlie = sign_in(factories.charlie())
    assert charlie.post(reverse("orders:rate", args=[order.pk]), {"food": "1"}).status_code == 404
    set_clock(at=city_now() + timedelta(days=2, minutes=1))
    assert "too long ago" in rate(browser, order, food="5")
    assert not Rating.objects.exists()


def test_the_database_keeps_stars_sane(alice: User) -> None:
    order = delivered(alice)
    for food in (0, 6, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rating.objects.create(order=order, restaurant_id=1, food=food, rated_at=city_now())


def test_averages_are_shown_where_people_choose(alice: User, browser: Client, anybody: Client) -> None:
    order = delivered(alice)
    rate(browser, order, food="4")
    for url in ("/", reverse("orders:restaurant", args=[order.restaurant.slug])):
        assert "4.0" in anybody.get(url).content.decode()
    kitchen = sign_in(order.restaurant.user).get(reverse("orders:kitchen")).content.decode()
    assert '<dd id="n-rating">4.0 of 5</dd>' in kitchen


def bought_with_choices(alice: User) -> Order:
    shop = factories.make_restaurant()
    soup = shop.items.get(name="Soup")
    factories.add_choices(soup)
    options = {option.name: option.pk for option in soup.options.all()}
    chosen = (options["Large"], options["Seeds"])
    return checkout.place_order(
        customer=alice,
        restaurant=shop.slug,
        lines=[LineRequest(soup.pk, 2, 1240, chosen), LineRequest(shop.items.get(name="Cake").pk, 1, 450)],
        address=checkout.AddressRequest("1 Test Lane", *factories.DOOR),
        card="tok_ok",
        expected_total=2 * 1240 + 450 + shop.delivery_fee,
        idempotency_key="k",
    )


def test_a_receipt_names_every_option_and_its_price(alice: User, browser: Client) -> None:
    order = bought_with_choices(alice)
    page = browser.get(reverse("orders:receipt", args=[order.pk])).content.decode()
    assert "Size: Large (+€\u202f3.00)" in page and "€\u202f24.80" in page and "€\u202f12.40 each" in page
    assert sign_in(factories.bob()).get(reverse("orders:receipt", args=[order.pk])).status_code == 404


def again(client: Client, order: Order) -> tuple[str, int]:
    answer = client.post(reverse("orders:again", args=[order.pk]), follow=True)
    basket = client.get(reverse("orders:basket")).context["basket"]
    return answer.content.decode(), basket.subtotal


def test_the_same_again_with_one_press(alice: User, browser: Client) -> None:
    order = bought_with_choices(alice)
    page, subtotal = again(browser, order)
    assert subtotal == 2 * 1240 + 450
    main = page[page.index("<main") : page.index("</main>")]
    assert "with Large, Seeds" in main and "note-warning" not in main


def test_what_cannot_be_had_today_is_said(alice: User, browser: Client) -> None:
    # given: the cake is sold out, the soup dearer
    order = bought_with_choices(alice)
    shop = order.restaurant
    shop.items.filter(name="Cake").update(sold_out=True)
    shop.items.filter(name="Soup").update(price=1000)
    # when
    page, subtotal = again(browser, order)
    # then
    assert "Cake is sold out." in page and "Prices have changed since" in page
    assert subtotal == 2 * 1340


def test_a_menu_that_moved_on_is_met_by_name_or_said(alice: User, browser: Client) -> None:
    order = bought_with_choices(alice)
    shop = order.restaurant
    shop.items.filter(name="Cake").delete()
    large = MenuOption.objects.get(item__restaurant=shop, name="Large")
    MenuOption.objects.create(item=large.item, group=large.group, name="Vast", price=1)
    MenuOption.objects.filter(pk=large.pk).delete()
    page, subtotal = again(browser, order)
    assert "Cake is no longer on the menu." in page and "Soup has other options now" in page
    assert "Nothing of order" in page and subtotal == 0


def test_nothing_left_keeps_the_basket_there_is(alice: User, browser: Client) -> None:
    order = factories.place_order(alice)
    other = factories.make_restaurant("noodle-bar")
    browser.post(reverse("orders:add", args=[other.slug]), {"item": other.items.get(name="Cake").pk})
    order.restaurant.items.update(sold_out=True)
    assert again(browser, order)[1] == 450
    order.restaurant.items.update(sold_out=False)
    page, subtotal = again(browser, order)
    assert "begun anew" in page and subtotal == 900


def test_a_closed_restaurant_is_said(alice: User, browser: Client) -> None:
    order = factories.place_order(alice)
    Restaurant.objects.update(paused=True)
    page, subtotal = again(browser, order)
    assert "takes no orders at the moment" in page and subtotal == 900


def test_history_offers_receipt_and_the_same_again(alice: User, browser: Client) -> None:
    order = delivered(alice)
    page = browser.get(reverse("orders:mine")).content.decode()
    assert reverse("orders:receipt", args=[order.pk]) in page and reverse("orders:again", args=[order.pk]) in page


def test_a_basket_survives_signing_in(alice: User, anybody: Client) -> None:
    shop = factories.make_restaurant()
    anybody.post(reverse("orders:add", args=[shop.slug]), {"item": shop.items.get(name="Cake").pk})
    signed = anybody.post(
        reverse("account_login") + "?next=" + reverse("orders:checkout"),
        {"login": "alice", "password": factories.PASSWORD},
    )
    assert signed["Location"] == reverse("orders:checkout")
    page = anybody.get(reverse("orders:checkout"))
    assert page.context["basket"].subtotal == 450 and "€\u202f7.40" in page.content.decode()
