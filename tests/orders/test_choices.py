"""Options in groups: what must be chosen, how many may be, and that the server alone prices them."""

from __future__ import annotations

import io
import json
import random

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from messaging.models import OutboxRow
from orders import checkout
from orders.api.schemas import ItemOut
from orders.checkout import AddressRequest, CheckoutRefused, LineRequest
from orders.menu import WrongChoice, choosings, chosen_options, needs_choice, restaurant_with_menu, unit_price
from orders.models import MenuItem, MenuOption, Order, OrderLine, Restaurant
from simulator.players.customers import choose_options
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Restaurant:
    """Its soup comes in a size, of which one must be chosen, and with at most two toppings."""
    restaurant = factories.make_restaurant()
    factories.add_choices(restaurant.items.get(name="Soup"))
    return restaurant


def soup_of(shop: Restaurant) -> MenuItem:
    return next(item for item in restaurant_with_menu(shop.slug).items.all() if item.name == "Soup")


def ids(item: MenuItem, *names: str) -> list[int]:
    by_name = {option.name: option.pk for option in item.options.all()}
    return [by_name[name] for name in names]


@pytest.mark.parametrize(
    ("names", "price"),
    [
        (["Small"], 900),
        (["Large"], 1200),
        (["Large", "Seeds", "Croutons"], 1290),
        (["Small", "Bread", "Cream"], 1050),
    ],
)
def test_what_the_groups_allow_is_priced(shop: Restaurant, names: list[str], price: int) -> None:
    soup = soup_of(shop)
    assert unit_price(soup, chosen_options(soup, ids(soup, *names))) == price


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], "Soup, Size: choose 1."),
        (["Bread"], "Soup, Size: choose 1."),
        (["Small", "Large"], "Soup, Size: choose 1."),
        (["Small", "Seeds", "Croutons", "Herbs"], "Soup, Topping: up to 2."),
    ],
)
def test_too_few_and_too_many_are_refused(shop: Restaurant, names: list[str], complaint: str) -> None:
    soup = soup_of(shop)
    with pytest.raises(WrongChoice, match=complaint):
        chosen_options(soup, ids(soup, *names))


def test_a_menu_asks_by_group_and_then_for_loose_extras(shop: Restaurant) -> None:
    soup = soup_of(shop)
    asked = [(each.group.name if each.group else "", [o.name for o in each.options]) for each in choosings(soup)]
    assert asked == [
        ("Size", ["Small", "Large"]),
        ("Topping", ["Seeds", "Croutons", "Herbs"]),
        ("", ["Bread", "Cream"]),
    ]
    assert needs_choice(soup)
    assert not needs_choice(shop.items.get(name="Cake"))


def order_soup(shop: Restaurant, *names: str, unit_price: int) -> Order:
    soup = soup_of(shop)
    return checkout.place_order(
        customer=factories.alice(),
        restaurant=shop.slug,
        lines=[LineRequest(soup.pk, 1, unit_price, tuple(ids(soup, *names)))],
        address=AddressRequest("1 Test Lane", *factories.DOOR),
        card="tok_ok",
        expected_total=unit_price + shop.delivery_fee,
        idempotency_key="k",
    )


def test_an_order_keeps_what_was_chosen_and_what_it_cost(shop: Restaurant) -> None:
    # when
    order = order_soup(shop, "Large", "Seeds", unit_price=1240)
    # then: in its line
    line = order.lines.get()
    large, seeds = ids(soup_of(shop), "Large", "Seeds")
    chosen = [
        {"option": large, "group": "Size", "name": "Large", "price": 300},
        {"option": seeds, "group": "Topping", "name": "Seeds", "price": 40},
    ]
    assert (line.options, line.choices, line.unit_price) == (["Large", "Seeds"], chosen, 1240)
    # and in its event
    told = json.loads(bytes(OutboxRow.objects.get(type="order.placed").payload))
    assert (told["lines"][0]["options"], told["lines"][0]["choices"]) == (["Large", "Seeds"], chosen)
    # whatever the menu says later
    MenuOption.objects.filter(name="Large").update(price=999, name="Huge")
    assert OrderLine.objects.get().choices == chosen


@pytest.mark.parametrize(("names", "price", "code"), [((), 900, "wrong_choice"), (("Large",), 900, "price_changed")])
def test_a_choice_or_a_price_of_the_clients_own_places_nothing(
    shop: Restaurant, names: tuple[str, ...], price: int, code: str
) -> None:
    with pytest.raises(CheckoutRefused) as refused:
        order_soup(shop, *names, unit_price=price)
    assert (refused.value.code, Order.objects.count()) == (code, 0)


def test_allergens_are_of_the_fourteen(shop: Restaurant) -> None:
    shop.items.filter(name="Soup").update(allergens=["milk", "celery"])
    assert shop.items.get(name="Soup").allergen_names == ["milk", "celery"]
    with pytest.raises(IntegrityError), transaction.atomic():
        shop.items.update(allergens=["water"])


def test_the_built_in_city_has_choices_that_its_customers_can_make() -> None:
    # given
    call_command("seed", "--city", stdout=io.StringIO())
    asked = [item for item in MenuItem.objects.prefetch_related("groups", "options") if item.groups.all()]
    assert len(asked) > 100
    assert MenuItem.objects.exclude(allergens=[]).count() > 200
    # then: whatever the dice say, the platform takes it
    dice = random.Random(7)
    seen = set()
    for item in asked:
        wanted = choose_options(ItemOut.of(item).model_dump(), dice)
        seen |= {option["name"] for option in wanted}
        chosen_options(item, [option["id"] for option in wanted])
    assert {"Regular", "Large", "Hot"} <= seen
