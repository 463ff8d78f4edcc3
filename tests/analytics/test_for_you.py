"""What a page suggests to one person, why, and how soon."""

from __future__ import annotations

import random
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import PlacedBasket
from analytics.recommendations import page
from analytics.recommendations.page import Basket, advise, suggest
from analytics.recommendations.tastes import Tastes
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.models import Generation
from orders.events import Line, OrderPlaced
from tests import factories
from tests.messaging.streams import NOON, Record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

SOUP, CAKE, TEA, RICE = 1, 2, 3, 4
NAMES = {SOUP: "Soup", CAKE: "Cake", TEA: "Tea", RICE: "Rice"}
#: The day of NOON, a Monday, and the Friday after it.
FRIDAY = 4


def placed(customer: int, *items: int, day: float = 0, restaurant: int = 7, zone: str = "old-town") -> Record:
    order = str(uuid.uuid4())
    event = OrderPlaced(
        order_id=order,
        restaurant_id=restaurant,
        customer_id=customer,
        zone=zone,
        status="placed",
        by="customer",
        restaurant=f"Place {restaurant}",
        lines=[Line(item_id=item, name=NAMES[item], quantity=2, unit_price=900) for item in items],
        subtotal=0,
        delivery_fee=0,
        total=0,
        currency="EUR",
    )
    return Record(order, 1, event, time=NOON + timedelta(days=day))


def read(*records: Record, generation: int | None = None) -> None:
    """Each batch after the last in its partition."""
    start = PlacedBasket.objects.filter(generation=generation or 1).count()
    found = []
    for offset, record in enumerate(records, start):
        headers, value = record.parts()
        found.append(Read(topic="orders.events", partition=0, offset=offset, headers=headers, value=value))
    batch = Batch("orders.events", 0, start=start, next=start + len(found), records=found)
    apply_batch(get_group("recommendations"), batch, generation=generation)


def told(customer: int | None, **where: object) -> list[tuple[int, str]]:
    return [(one.item_id, one.why) for one in advise(customer, **where)]  # type: ignore[arg-type]


def test_a_stranger_sees_what_is_popular_here() -> None:
    read(placed(1, SOUP), placed(2, SOUP, CAKE), placed(3, RICE, zone="harbour", restaurant=8))
    assert told(None, zone="old-town") == [(SOUP, "popular in Old Town now"), (CAKE, "just ordered in Old Town")]
    assert told(None, restaurant=8) == [(RICE, "just ordered here")]
    assert told(None, restaurant=9) == []


def test_a_habit_of_a_day_is_said() -> None:
    read(*[placed(1, SOUP, day=FRIDAY + 7 * week) for week in range(3)], placed(1, CAKE, day=1), placed(1, CAKE, day=3))
    read(placed(1, TEA, day=0))
    assert dict(told(1)) == {
        SOUP: "you order this on Fridays",
        CAKE: "you ordered this 2 times",
        TEA: "you had this before",
    }
    assert told(1)[0][0] == SOUP


def test_neighbours_bring_what_goes_with_ones_own() -> None:
    read(*[placed(customer, SOUP, CAKE, day=1) for customer in (2, 3, 4)], *[placed(n, TEA) for n in range(10, 13)])
    read(placed(1, SOUP, day=2))
    assert told(1)[:2] == [(SOUP, "you had this before"), (CAKE, "people who order Soup also order this")]


def test_one_neighbour_is_not_called_people() -> None:
    read(placed(2, SOUP, CAKE, day=1), *[placed(n, TEA) for n in range(10, 13)], placed(1, SOUP, day=2))
    assert (CAKE, "somebody who orders Soup had this") in told(1)


def test_of_more_orders_than_are_looked_at_it_says_lately() -> None:
    read(*[placed(1, SOUP, day=day) for day in range(page.OWN + 5)], placed(1, TEA, day=page.OWN + 5))
    assert dict(told(1)) == {SOUP: f"you ordered this {page.OWN - 1} times lately", TEA: "you had this lately"}


@pytest.mark.parametrize("seed", range(12))
def test_every_reason_is_true(seed: int) -> None:
    """Whatever people ordered, what the page says can be counted in their orders."""
    # given: some people's orders at two places
    dice = random.Random(seed)
    history: list[tuple[int, int, list[int], float]] = []
    for day in range(dice.choice((6, 30, 120))):
        customer, shop = dice.randint(1, 6), dice.choice((7, 8))
        items = dice.sample((SOUP, CAKE) if shop == 7 else (TEA, RICE), dice.randint(1, 2))
        history.append((customer, shop, items, day * dice.choice((1, 7)) + day / 1000))
    read(*[placed(who, *items, day=day, restaurant=shop) for who, shop, items, day in history])
    history.sort(key=lambda one: one[3])

    for where in ({}, {"restaurant": 7}, {"zone": "old-town"}):
        here = [one for one in history if where.get("restaurant") in (None, one[1])]
        for customer in (None, *range(1, 8)):
            # when
            for one in advise(customer, **where):
                # then
                others = [(who, items) for who, _, items, _ in here[-page.OTHERS :] if who != customer]
                own = [(items, day) for who, _, items, day in here if who == customer][-page.OWN :]
                check(one.item_id, one.why, own, others, whole=len(own) < page.OWN)
                assert (one.name, one.restaurant) == (NAMES[one.item_id], f"Place {one.restaurant_id}")


def check(
    item: int, why: str, own: list[tuple[list[int], float]], others: list[tuple[int, list[int]]], *, whole: bool
) -> None:
    """Count what a reason claims, in the latest orders of the person and of others there."""
    mine = [(NOON + timedelta(days=day)).weekday() for items, day in own if item in items]
    fans = {who for who, items in others if item in items}
    lately = "" if whole else " lately"
    if found := re.fullmatch(r"you order this on (\w+)", why):
        times = mine.count(page.DAYS.index(found[1]))
        assert len(mine) >= 3 and times >= 0.6 * len(mine)
    elif found := re.fullmatch(r"you ordered this (\d+) times(.*)", why):
        assert (len(mine), found[2]) == (int(found[1]), lately)
    elif why.startswith("you had this"):
        assert (len(mine), why) == (1, f"you had this{lately or ' before'}")
    elif found := re.fullmatch(r"(people|somebody) who orders? (\w+) (also order|had) this", why):
        companion = next(number for number, name in NAMES.items() if name == found[2])
        assert not mine and any(companion in items for items, _ in own)
        both = fans & {who for who, items in others if companion in items}
        assert len(both) > 1 if found[1] == "people" else len(both) == 1
    elif re.fullmatch(r"popular (here|in Old Town) now", why):
        assert not mine and len(fans) > 1
    else:
        assert re.fullmatch(r"just ordered (here|in Old Town)", why)
        assert not mine and len(fans) == 1


def test_a_fresh_order_counts_at_once_and_the_basket_is_left_out() -> None:
    read(placed(1, SOUP))
    assert [item for item, _ in told(1)] == [SOUP]
    read(placed(1, TEA, day=1))
    assert [item for item, _ in told(1)] == [TEA, SOUP]
    assert [item for item, _ in told(1, without={TEA})] == [SOUP]


def test_the_page_and_the_benchmark_ask_the_same_model() -> None:
    dice = random.Random(1)
    people = [[dice.sample(range(10), dice.choice((1, 2, 3))) for _ in range(3)] for _ in range(12)]
    tastes = Tastes(items=10, blend=page.BLEND)
    others: list[Basket] = []
    own: list[Basket] = []
    for turn in range(3):
        for person, baskets in enumerate(people):
            tastes.learn(person, baskets[turn])
            basket = Basket(person, 7, "", NOON, tuple(baskets[turn]))
            (own if person == 11 else others).append(basket)
    tastes.measure()
    expected = {(one.item, one.reason): one.score for one in tastes.suggest(11, limit=10)}
    found = {(one.item, one.reason): one.score for one in suggest(own, others, limit=10)}
    assert found == pytest.approx(expected)


def test_the_order_of_reading_changes_nothing_and_a_replay_gives_the_same() -> None:
    records = [placed(1 + n % 3, 1 + n % 4, 1 + (n * 7) % 4, day=n % 5) for n in range(30)]
    read(*records)
    live = told(1)
    Generation.objects.create(group="recommendations", number=2, state="building")
    read(*reversed(records), generation=2)
    rows = [
        sorted(PlacedBasket.objects.filter(generation=n).values_list("order_id", "customer_id", "placed_at", "items"))
        for n in (1, 2)
    ]
    assert rows[0] == rows[1] and len(rows[0]) == 30
    Generation.objects.filter(group="recommendations", number=1).update(state="retired")
    Generation.objects.filter(group="recommendations", number=2).update(state="live")
    assert told(1) == live


def test_a_request_asks_three_things_of_the_database() -> None:
    read(*[placed(n % 40, 1 + n % 4) for n in range(200)])
    with CaptureQueriesContext(
        connection,
    ) as asked:
        advise(1, restaurant=7)
    assert len(asked) == 3


def test_the_fragment_links_to_the_dish(client: Client) -> None:
    shop = factories.make_restaurant()
    read(placed(101, SOUP, restaurant=shop.pk), placed(102, SOUP, restaurant=shop.pk))
    url = reverse("analytics:for-you")
    page_ = client.get(url).content.decode()
    link = reverse("orders:restaurant-by-id", args=[shop.pk])
    assert "Popular now" in page_ and f"{link}#item-1" in page_
    assert client.get(link)["Location"] == reverse("orders:restaurant", args=[shop.slug])
    client.force_login(factories.alice())
    here = client.get(url, {"restaurant": shop.pk}).content.decode()
    assert 'href="#item-1"' in here and "Popular here now" in here
    assert client.get(url, {"restaurant": "9" * 40, "zone": "\0", "item": "x"}).status_code == 200
    assert client.get(reverse("orders:restaurant-by-id", args=[10**9])).status_code == 404
