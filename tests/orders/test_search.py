"""Search that forgives typing mistakes, and no more than that."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from orders.browsing import Found, find_restaurants
from orders.search import Query, fold
from tests import factories


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("margarita", "Margherita"),
        ("margerita", "Margherita"),
        ("tiramisu", "Tiramisù"),
        ("resturant", "Restaurant 7"),
        ("spagetti", "Spaghetti al pomodoro"),
        ("carbonarra", "Rigatoni carbonara"),
        ("brugers", "Burgers"),
        ("japanse", "Japanese"),
        ("caffe", "Copper Kettle Café"),
        ("noodels", "Kumo Noodles"),
        ("the leaning oevn", "The Leaning Oven"),
        ("lime and galangal", "Lime & Galangal"),
        ("nonnas", "Nonna Delfina"),
        ("shwarma", "Chicken shawarma"),
        ("margh", "Margherita"),
        ("mragh", "Margherita"),
    ],
)
def test_a_slip_is_forgiven(typed: str, name: str) -> None:
    assert Query.of(typed).cost(name) is not None


@pytest.mark.parametrize(
    ("typed", "name"),
    [("soup", "Sushi"), ("pho", "Chinotto"), ("thai", "Tuna"), ("wrap", "Waffle"), ("pizza soup", "Pizza")],
)
def test_another_thing_is_not(typed: str, name: str) -> None:
    assert Query.of(typed).cost(name) is None


def test_a_name_typed_right_costs_nothing() -> None:
    assert Query.of("Tiramisù").cost("tiramisu") == 0
    assert Query.of("the").words == ("the",)  # a filler alone is what somebody looks for


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_typed_has_an_answer(typed: str, name: str) -> None:
    cost = Query.of(typed).cost(name)
    assert cost is None or cost >= 0
    if fold(name):
        assert Query.of(name).cost(name) == 0


def names(found: Found) -> list[str]:
    return [entry.restaurant.name for _, listed in found.zones for entry in listed]


@pytest.mark.django_db
def test_the_city_is_searched_by_name_dish_and_cuisine() -> None:
    call_command("seed", "--city", stdout=io.StringIO())
    by_name = find_restaurants(words="Saffron Peir")
    assert names(by_name) == ["Saffron Pier"]
    assert by_name.forgiven
    by_dish = find_restaurants(words="margarita")
    assert by_dish.count >= 2 and by_dish.forgiven
    assert {entry.dishes[0] for _, listed in by_dish.zones for entry in listed} == {"Margherita"}
    by_cuisine = find_restaurants(words="levantin")
    assert {entry.restaurant.cuisine for _, listed in by_cuisine.zones for entry in listed} == {"Levantine"}
    assert find_restaurants(words="Levantine").forgiven is False
    assert find_restaurants(words="zzzzqq").count == 0


@pytest.mark.django_db
def test_filters_and_words_go_together() -> None:
    factories.make_restaurant()
    factories.make_restaurant("noodle-bar", zone="harbour")
    assert names(find_restaurants(words="cak")) == ["Soup Kitchen", "Noodle Bar"]
    assert names(find_restaurants(words="caek", zone="harbour")) == ["Noodle Bar"]
    assert names(find_restaurants(words="nodle")) == ["Noodle Bar"]
    assert names(find_restaurants(words="noodle", zone="centre")) == []
    assert names(find_restaurants(cuisine="pizza")) == []
