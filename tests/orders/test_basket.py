"""The basket: one restaurant, small limits, and that it survives signing in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orders.basket import MAX_ITEMS, MAX_LINES, Basket, BasketLine, BasketRefused, load_basket, save_basket
from tests import factories


def filled() -> Basket:
    basket = Basket()
    basket.add(restaurant="soup-kitchen", item=1, options=(5, 4), quantity=2, unit_price=1000)
    return basket


def test_the_same_item_joins_its_line_at_the_newer_price() -> None:
    basket = filled()
    basket.add(restaurant="soup-kitchen", item=1, options=(4, 5), quantity=1, unit_price=1100)
    basket.add(restaurant="soup-kitchen", item=1, options=(), quantity=1, unit_price=900)
    assert basket.lines == [BasketLine(1, (4, 5), 3, 1100), BasketLine(1, (), 1, 900)]
    assert (basket.count, basket.subtotal) == (4, 4200)


def test_another_restaurants_item_is_refused_unless_one_starts_anew() -> None:
    basket = filled()
    with pytest.raises(BasketRefused) as refused:
        basket.add(restaurant="bakery", item=9, unit_price=100)
    assert refused.value.code == "other_restaurant"
    assert (basket.restaurant, basket.count) == ("soup-kitchen", 2)

    basket.add(restaurant="bakery", item=9, unit_price=100, start_anew=True)
    assert (basket.restaurant, basket.lines) == ("bakery", [BasketLine(9, (), 1, 100)])


@pytest.mark.parametrize("quantity", [MAX_ITEMS - 1, 10**9])
def test_it_holds_no_more_pieces_than_an_order(quantity: int) -> None:
    basket = filled()
    key = basket.key
    with pytest.raises(BasketRefused) as refused:
        basket.add(restaurant="soup-kitchen", item=2, quantity=quantity, unit_price=1)
    assert refused.value.code == "too_large"
    assert (basket.count, basket.key) == (2, key)


def test_it_holds_no_more_lines_than_an_order() -> None:
    basket = Basket()
    for item in range(MAX_LINES):
        basket.add(restaurant="soup-kitchen", item=item, unit_price=1)
    with pytest.raises(BasketRefused):
        basket.add(restaurant="soup-kitchen", item=MAX_LINES, unit_price=1)
    assert len(basket.lines) == MAX_LINES


def test_changing_quantities() -> None:
    basket = filled()
    for index, quantity, code in [(1, 1, "unknown_line"), (-1, 1, "unknown_line"), (0, -1, "bad_quantity")]:
        with pytest.raises(BasketRefused) as refused:
            basket.set_quantity(index, quantity)
        assert refused.value.code == code
    basket.set_quantity(0, 7)
    assert basket.count == 7
    basket.remove(0)
    assert (basket.restaurant, basket.lines) == ("", [])


def test_every_change_has_a_key_of_its_own() -> None:
    basket = filled()
    before = basket.key
    session: dict[str, Any] = {}
    save_basket(session, basket)
    assert load_basket(session) == basket
    basket.set_quantity(0, 3)
    assert basket.key != before


@pytest.mark.parametrize("stored", [None, 5, {}, {"lines": [[1]], "restaurant": "x", "key": "k"}, {"lines": None}])
def test_an_unreadable_basket_is_an_empty_one(stored: Any) -> None:
    assert load_basket({"basket": stored}).lines == []


def test_an_empty_basket_leaves_nothing_behind() -> None:
    session: dict[str, Any] = {"basket": "old"}
    save_basket(session, Basket())
    assert session == {}


@pytest.mark.django_db
def test_a_visitors_basket_survives_signing_in(client: Client) -> None:
    session = client.session
    save_basket(session, filled())
    session.save()
    assert client.login(username=factories.alice().username, password=factories.PASSWORD)
    assert load_basket(client.session).count == 2
