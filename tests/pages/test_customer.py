"""From the front page to the door, as the customer's browser asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from orders import customer, lifecycle
from orders.lifecycle import Actor
from orders.models import MenuItem, Order, Restaurant
from orders.views.mine import PAGE
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def soup_kitchen() -> Restaurant:
    return factories.make_restaurant()


@pytest.fixture
def alice() -> User:
    return factories.alice()


def add(
    client: Client, restaurant: Restaurant, name: str = "Soup", *, quantity: int = 1, options: tuple[int, ...] = ()
) -> Any:
    item = restaurant.items.get(name=name)
    body = {"item": item.pk, "quantity": quantity, "options": list(options)}
    return client.post(reverse("orders:add", args=[restaurant.slug]), body, follow=True)


def checkout_form(client: Client, **changes: Any) -> dict[str, Any]:
    """What the checkout page's form would send."""
    page = client.get(reverse("orders:checkout"))
    assert page.status_code == 200, page
    context = page.context
    form = {
        "door": context["chosen"],
        "card": "tok_ok",
        "key": context["basket"].key,
        "expected_total": context["total"],
    }
    return form | changes


def pay(client: Client, form: dict[str, Any]) -> Any:
    return client.post(reverse("orders:checkout"), form)


def test_the_front_page_lists_restaurants_by_zone(
    soup_kitchen: Restaurant, anybody: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.make_restaurant("noodle-bar", zone="harbour")
    with django_assert_num_queries(5):  # restaurants, their hours, the clock, the ratings, the fares
        page = anybody.get("/").content.decode()
    wanted = ['id="zone-centre"', "Soup Kitchen", 'id="zone-harbour"', "Noodle Bar"]
    places = [page.index(words) for words in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"words": "noodle"}, ["Noodle Bar"]),
        ({"words": "cake"}, ["Noodle Bar", "Soup Kitchen"]),
        ({"zone": "harbour"}, ["Noodle Bar"]),
        ({"words": "nothing like it"}, []),
        ({"words": "\x00"}, ["Noodle Bar", "Soup Kitchen"]),
    ],
)
def test_search_looks_at_names_and_menus(
    soup_kitchen: Restaurant, anybody: Client, asked: dict[str, str], found: list[str]
) -> None:
    factories.make_restaurant("noodle-bar", zone="harbour")
    response = anybody.get("/", asked, headers={"HX-Request": "true"})
    names = [entry.restaurant.name for _, listed in response.context["found"].zones for entry in listed]
    assert sorted(names) == found
    assert b"<html" not in response.content


def test_a_menu_shows_options_and_what_is_sold_out(
    soup_kitchen: Restaurant, anybody: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    soup_kitchen.items.filter(name="Cake").update(sold_out=True)
    with django_assert_num_queries(8):  # restaurant, items, options, their groups, hours, fare, ratings, clock
        page = anybody.get(reverse("orders:restaurant", args=["soup-kitchen"])).content.decode()
    assert "Add Soup to the basket" in page and "Bread" in page
    assert "Add Cake to the basket" not in page and "Sold out" in page


def test_a_menu_asks_what_must_be_chosen(soup_kitchen: Restaurant, anybody: Client) -> None:
    # given
    soup = soup_kitchen.items.get(name="Soup")
    factories.add_choices(soup)
    soup_kitchen.items.filter(name="Cake").update(allergens=["gluten", "nuts"])
    page = anybody.get(reverse("orders:restaurant", args=["soup-kitchen"])).content.decode()
    assert "Choose 1" in page and "Up to 2" in page and 'type="radio" name="group-' in page
    assert "Contains cereals with gluten, tree nuts" in page
    # when
    names = {option.name: option for option in soup.options.all()}
    size = names["Large"].group_id
    url = reverse("orders:add", args=["soup-kitchen"])
    anybody.post(url, {"item": soup.pk, f"group-{size}": names["Large"].pk, "options": [names["Seeds"].pk]})
    # then
    basket = anybody.get(reverse("orders:basket"))
    assert basket.context["basket"].subtotal == 1240
    assert "with Large, Seeds" in basket.content.decode()
    # and nothing without a size, or with one too many
    answer = anybody.post(url, {"item": soup.pk}, follow=True)
    assert "Soup, Size: choose 1." in answer.content.decode()
    assert anybody.get(reverse("orders:basket")).context["basket"].count == 1


def test_a_fragment_is_never_taken_for_its_page(soup_kitchen: Restaurant, anybody: Client) -> None:
    # Both have one address: a browser going back must not find the fragment in its cache.
    assert "HX-Request" in anybody.get("/")["Vary"]


def test_a_menu_asks_what_goes_with_the_basket(soup_kitchen: Restaurant, anybody: Client) -> None:
    url = reverse("orders:restaurant", args=["soup-kitchen"])
    fragment = reverse("analytics:also-ordered", args=[soup_kitchen.pk])
    assert f'hx-get="{fragment}"' in anybody.get(url).content.decode()
    add(anybody, soup_kitchen)
    soup = soup_kitchen.items.get(name="Soup")
    assert f'hx-get="{fragment}?item={soup.pk}"' in anybody.get(url).content.decode()
    for strange in ("item=x", f"item={2**70}", "item=-1"):
        assert anybody.get(f"{fragment}?{strange}").status_code == 200


def test_a_basket_is_filled_changed_and_emptied(soup_kitchen: Restaurant, anybody: Client) -> None:
    # given
    bread = soup_kitchen.items.get(name="Soup").options.get(name="Bread")
    add(anybody, soup_kitchen, quantity=2, options=(bread.pk,))
    basket = anybody.get(reverse("orders:basket"))
    assert (basket.context["basket"].count, basket.context["basket"].subtotal) == (2, 2000)
    assert "with Bread" in basket.content.decode()
    # when
    anybody.post(reverse("orders:change", args=[0]), {"quantity": "3"})
    # then
    assert anybody.get(reverse("orders:basket")).context["basket"].subtotal == 3000
    anybody.post(reverse("orders:change", args=[0]), {"quantity": "0"})
    assert "Nothing in here yet" in anybody.get(reverse("orders:basket")).content.decode()


@pytest.mark.parametrize("quantity", ["-1", "999", "many", ""])
def test_a_senseless_quantity_changes_nothing(soup_kitchen: Restaurant, anybody: Client, quantity: str) -> None:
    add(anybody, soup_kitchen)
    answer = anybody.post(reverse("orders:change", args=[0]), {"quantity": quantity}, follow=True)
    assert "note-error" in answer.content.decode()
    assert answer.context["basket"].count == 1


def test_a_sold_out_item_does_not_get_into_a_basket(soup_kitchen: Restaurant, anybody: Client) -> None:
    soup_kitchen.items.filter(name="Cake").update(sold_out=True)
    answer = add(anybody, soup_kitchen, "Cake")
    assert "Cake is sold out." in answer.content.decode()
    assert anybody.get(reverse("orders:basket")).context["basket"].count == 0


def test_a_foreign_item_or_option_is_not_found(soup_kitchen: Restaurant, anybody: Client) -> None:
    noodles = factories.make_restaurant("noodle-bar")
    soup, foreign = soup_kitchen.items.get(name="Soup"), noodles.items.get(name="Soup")
    option = foreign.options.first()
    assert option is not None
    url = reverse("orders:add", args=["soup-kitchen"])
    assert anybody.post(url, {"item": foreign.pk}).status_code == 404
    assert anybody.post(url, {"item": soup.pk, "options": [option.pk]}).status_code == 404
    assert anybody.get(reverse("orders:basket")).context["basket"].count == 0


def test_an_order_is_placed_from_the_checkout(soup_kitchen: Restaurant, alice: User) -> None:
    # given
    client = sign_in(alice)
    add(client, soup_kitchen, quantity=2)
    page = client.get(reverse("orders:checkout")).content.decode()
    assert "2.90" in page and "20.90" in page  # the fee and the whole sum, before paying
    # when
    answer = pay(client, checkout_form(client))
    # then
    order = Order.objects.get()
    assert answer["Location"] == reverse("orders:order", args=[order.pk])
    assert (order.customer, order.total, order.status) == (alice, 2090, "placed")
    assert client.get(reverse("orders:basket")).context["basket"].count == 0


def test_paying_twice_places_one_order(soup_kitchen: Restaurant, alice: User) -> None:
    client = sign_in(alice)
    add(client, soup_kitchen)
    form = checkout_form(client)
    first, second = pay(client, form), pay(client, form)
    assert Order.objects.count() == 1
    assert first["Location"] == second["Location"]


def test_a_key_that_cannot_be_stored_places_nothing(soup_kitchen: Restaurant, alice: User) -> None:
    client = sign_in(alice)
    add(client, soup_kitchen)
    answer = pay(client, checkout_form(client) | {"key": "a\0b"})
    assert (answer.status_code, Order.objects.count()) == (422, 0)


def test_a_new_price_is_shown_before_it_is_paid(soup_kitchen: Restaurant, alice: User) -> None:
    # given: a checkout page that was open while the price rose
    client = sign_in(alice)
    add(client, soup_kitchen)
    form = checkout_form(client)
    MenuItem.objects.filter(name="Soup").update(price=1000)
    # when
    answer = pay(client, form)
    # then: nothing is bought, the basket stands with the new price
    page = answer.content.decode()
    assert (answer.status_code, Order.objects.count()) == (422, 0)
    assert "Prices have changed" in page and "12.90" in page
    assert client.get(reverse("orders:basket")).context["basket"].subtotal == 1000
    # and pressing again buys at it
    pay(client, checkout_form(client))
    assert Order.objects.get().total == 1290


@pytest.mark.parametrize(
    ("trouble", "words"),
    [({"paused": True}, "takes no orders for the moment"), ({"sold_out": True}, "Soup is sold out")],
)
def test_a_refused_checkout_keeps_the_basket(
    soup_kitchen: Restaurant, alice: User, trouble: dict[str, bool], words: str
) -> None:
    client = sign_in(alice)
    add(client, soup_kitchen)
    form = checkout_form(client)
    if "paused" in trouble:
        Restaurant.objects.update(paused=True)
    else:
        MenuItem.objects.update(sold_out=True)
    answer = pay(client, form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Order.objects.count() == 0
    assert client.get(reverse("orders:basket")).context["basket"].count == 1


@pytest.mark.parametrize(
    "changes", [{"door": "new"}, {"card": "4242 4242"}, {"key": ""}, {"expected_total": "x"}, {"door": "987654"}]
)
def test_an_incomplete_checkout_is_shown_again(soup_kitchen: Restaurant, alice: User, changes: dict[str, str]) -> None:
    client = sign_in(alice)
    add(client, soup_kitchen)
    answer = pay(client, checkout_form(client, **changes))
    assert (answer.status_code, Order.objects.count()) == (422, 0)
    assert 'class="error"' in answer.content.decode()


def test_a_full_basket_costs_no_more_queries(
    soup_kitchen: Restaurant, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(alice)
    factories.add_choices(soup_kitchen.items.get(name="Soup"))
    small = soup_kitchen.items.get(name="Soup").options.get(name="Small")
    add(client, soup_kitchen, "Soup", options=(small.pk,))
    add(client, soup_kitchen, "Cake", quantity=3)
    client.get(reverse("orders:basket"))  # the first look in some minutes makes the quote
    # session, user, unread notices, restaurant, items, options, their groups, hours, fare, quote
    with django_assert_max_num_queries(11):
        assert client.get(reverse("orders:basket")).context["basket"].count == 4
    # and the addresses; the menu is read once for the page and once for its lines
    with django_assert_max_num_queries(17):
        client.get(reverse("orders:checkout"))


def test_a_code_for_the_door_is_asked_for_at_the_checkout(soup_kitchen: Restaurant, alice: User) -> None:
    client = sign_in(alice)
    add(client, soup_kitchen)
    pay(client, checkout_form(client, door_code="on"))
    assert len(Order.objects.get().door_code) == 4


def test_a_new_door_is_written_with_its_order(soup_kitchen: Restaurant, alice: User) -> None:
    client = sign_in(alice)
    add(client, soup_kitchen)
    pay(client, checkout_form(client, door="new", line="9 New Street", latitude="48.21", longitude="16.37"))
    order = Order.objects.get()
    assert (order.address.line, order.address.user) == ("9 New Street", alice)


def test_an_empty_basket_has_no_checkout(alice: User) -> None:
    answer = sign_in(alice).get(reverse("orders:checkout"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("orders:basket"))


def test_the_order_page_and_its_tracker(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    order = factories.accepted_order(alice)
    client = sign_in(alice)
    url = reverse("orders:order", args=[order.pk])
    with django_assert_num_queries(6):  # session, user, unread notices, order, history, lines
        page = client.get(url).content.decode()
    assert "ready about" in page and "Cancel this order" not in page
    with django_assert_num_queries(4):  # all but the lines
        tracker = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'data-status="accepted"' in tracker and "<html" not in tracker


def test_cancelling_needs_an_early_order(alice: User) -> None:
    # given
    order = factories.paid_order(alice)
    client = sign_in(alice)
    assert "Cancel this order" in client.get(reverse("orders:order", args=[order.pk])).content.decode()
    # when
    page = client.post(reverse("orders:cancel", args=[order.pk]), {"reason": "I changed my mind"}, follow=True)
    # then
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert "I changed my mind" in page.content.decode()


def test_cancelling_too_late_changes_nothing(alice: User) -> None:
    order = factories.accepted_order(alice)
    facts = order.history.count()
    page = sign_in(alice).post(reverse("orders:cancel", args=[order.pk]), follow=True)
    order.refresh_from_db()
    assert "too late to cancel" in page.content.decode()
    assert (order.status, order.history.count()) == ("accepted", facts)


def test_an_order_that_ended_early_says_how(alice: User) -> None:
    order = factories.accepted_order(alice)
    lifecycle.give_up(order.pk, by=Actor("system"), reason="no courier")
    page = sign_in(alice).get(reverse("orders:order", args=[order.pk])).content.decode()
    assert "No courier could bring it" in page and "no courier" in page


def test_my_orders_are_mine(alice: User) -> None:
    own, other = factories.place_order(alice), factories.place_order(factories.bob())
    page = sign_in(alice).get(reverse("orders:mine")).content.decode()
    assert own.number in page and other.number not in page
    customer.cancel(own.pk, by=alice, reason="test")
    assert "Cancelled" in sign_in(alice).get(reverse("orders:mine")).content.decode()


def test_orders_come_by_pages(alice: User) -> None:
    # given: more than a page of them
    orders = [factories.place_order(alice) for _ in range(PAGE + 1)]
    browser = sign_in(alice)
    # when → then: the latest first, and the way to the others
    first = browser.get(reverse("orders:mine")).content.decode()
    assert orders[-1].number in first and orders[1].number in first and orders[0].number not in first
    assert '?page=2" id="older"' in first
    second = browser.get(reverse("orders:mine"), {"page": "2"}).content.decode()
    assert orders[0].number in second and orders[1].number not in second
    assert 'id="older"' not in second and '?page=1" id="newer"' in second
    # and: what is no page says so or is the first
    assert "No older orders." in browser.get(reverse("orders:mine"), {"page": "3"}).content.decode()
    for wrong in ("0", "-1", "x", "9" * 30):
        assert orders[-1].number in browser.get(reverse("orders:mine"), {"page": wrong}).content.decode()
    # and: what htmx gets is the list alone
    piece = browser.get(reverse("orders:mine"), headers={"HX-Request": "true"}).content.decode()
    assert orders[-1].number in piece and "<html" not in piece
