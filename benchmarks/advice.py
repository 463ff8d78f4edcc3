"""What a page's recommendation takes, its reads of the database included, in a city with a history.

    python -m benchmarks.advice [--json] [--orders N] [--requests N]

A PostgreSQL of its own holds the read model of so many orders: forty restaurants in six zones, a seventh zone where
nobody has ordered for long, and people who keep to some places and dishes. `advise` is what the front page, a zone's
page and a menu ask; the last measure is the whole answer as the browser gets it, but for the network.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from benchmarks import outbox
from benchmarks.report import Measure, emit

BENCHMARK = "advice"
#: Milliseconds of a request.
TARGET = 5.0
ZONES = ("centre", "harbour", "old-town", "mill-quarter", "station", "hill")
QUIET = "island"
PLACES, DISHES, PEOPLE, DAYS = 40, 30, 4000, 120
SEED = 7
#: Requests before those that are counted.
WARM = 10


class Place:
    """A restaurant: its number, its zone, and dishes of which the first are the most ordered."""

    def __init__(self, number: int, zone: str) -> None:
        self.number, self.zone = number, zone
        self.dishes = [number * 1000 + dish for dish in range(DISHES)]
        self.shares = [1 / (1 + dish) for dish in range(DISHES)]


class Eater:
    """A person with three places and two usual dishes at each."""

    def __init__(self, number: int, places: list[Place], dice: random.Random) -> None:
        self.number = number
        home = [place for place in places if place.zone == ZONES[number % len(ZONES)]]
        self.places = dice.sample(home, 3)
        self.usual = {place.number: dice.choices(place.dishes, place.shares, k=2) for place in self.places}

    def basket(self, dice: random.Random) -> tuple[Place, list[int]]:
        place = dice.choice(self.places)
        items = set(self.usual[place.number] if dice.random() < 0.7 else ())
        items.update(dice.choices(place.dishes, place.shares, k=dice.randint(1, 3)))
        return place, sorted(items)


def fill(orders: int) -> tuple[list[Place], list[Eater]]:
    """The read model after so many orders, as the group writes it."""
    from django.db import connection

    from analytics.models import ItemCount, PlacedBasket
    from messaging.consuming.positions import live_number

    dice, now = random.Random(SEED), datetime.now(UTC)
    places = [Place(number, ZONES[number % len(ZONES)]) for number in range(1, PLACES + 1)]
    people = [Eater(number, places, dice) for number in range(1, PEOPLE + 1)]
    quiet = Place(PLACES + 1, QUIET)
    generation = live_number("recommendations")
    counts: Counter[tuple[int, int]] = Counter()
    rows = []
    for nth in range(orders):
        eater = dice.choice(people)
        place, items = eater.basket(dice) if nth >= 20 else (quiet, quiet.dishes[:2])
        at = now - timedelta(days=DAYS * (1 - nth / orders))
        counts.update((place.number, item) for item in items)
        rows.append(
            PlacedBasket(
                generation=generation,
                order_id=uuid.UUID(int=dice.getrandbits(128)),
                customer_id=eater.number,
                restaurant_id=place.number,
                restaurant=f"Place {place.number}",
                zone=place.zone,
                placed_at=at,
                items=items,
            )
        )
    PlacedBasket.objects.bulk_create(rows, batch_size=5000)
    ItemCount.objects.bulk_create(
        ItemCount(
            generation=generation, restaurant_id=place, item_id=item, name=f"Dish {item}", named_at=now, orders=number
        )
        for (place, item), number in counts.items()
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE analytics_placedbasket, analytics_itemcount")
    return places, people


def timed(request: Callable[[Eater], object], people: list[Eater]) -> list[float]:
    """Milliseconds of each request, one after the other."""
    for eater in people[:WARM]:
        request(eater)
    took = []
    for eater in people:
        begun = time.perf_counter()
        request(eater)
        took.append(1e3 * (time.perf_counter() - begun))
    return took


def measure(orders: int, requests: int) -> Iterator[Measure]:
    from django.test import Client
    from django.urls import reverse

    from analytics.recommendations.page import advise

    _, people = fill(orders)
    asking = random.Random(SEED).choices(people, k=requests)
    ways: dict[str, Callable[[Eater], object]] = {
        "at a restaurant": lambda eater: advise(eater.number, restaurant=eater.places[0].number),
        "in a zone": lambda eater: advise(eater.number, zone=eater.places[0].zone),
        "anywhere": lambda eater: advise(eater.number),
        "a stranger in a zone": lambda eater: advise(None, zone=eater.places[0].zone),
        "in a zone where nobody orders": lambda eater: advise(eater.number, zone=QUIET),
    }
    for name, request in ways.items():
        before = time.process_time()
        took = sorted(timed(request, asking))
        # Said beside the wall time, as it hardly depends on what else the machine does.
        own = 1e3 * (time.process_time() - before) / (len(took) + WARM)
        beside = {"p99": took[int(len(took) * 0.99)], "least": took[0], "mean of Python's own processor time": own}
        middle = median(took)
        yield Measure(BENCHMARK, f"{name}, median", "ms", middle, beside, {}, f"<= {TARGET:g}", middle <= TARGET)
    client, url = Client(SERVER_NAME="127.0.0.1"), reverse("analytics:for-you")

    def answer(eater: Eater) -> None:
        if client.get(url, {"zone": eater.places[0].zone}).status_code != 200:
            raise RuntimeError("the page gives no answer")

    took = timed(answer, asking)
    yield Measure(BENCHMARK, "a stranger's whole answer in a zone, median", "ms", median(took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--orders", type=int, default=100_000, help="orders in the history (default 100000)")
    parser.add_argument("--requests", type=int, default=300, help="counted requests of each kind (default 300)")
    options = parser.parse_args()
    with outbox.servers() as env:
        outbox.prepare(env)
        emit(measure(options.orders, options.requests), as_json=options.json)
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
