"""How soon one browser shows what was pressed in another: a courier's and a customer's, each seeing the other's moves.

    python -m benchmarks.moves [--json] [--orders N]

Real Chromium, web server, relay, Kafka and PostgreSQL. Of each order the courier takes the offer, picks it up and
delivers it, and its customer lifts the code that the courier would have been asked for: four moves, each from the
click until the other page has drawn it. Beside it the same customer's page as it would be without Kafka: asked anew
every five seconds, as many such pages are.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import random
import statistics
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks import outbox
from benchmarks.pages import APP, HOST, order_of_alice, seeded, sign_in
from benchmarks.positions import web
from benchmarks.report import Measure, emit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from delivery.models import Courier
    from orders.models import Order, Restaurant

BENCHMARK = "moves"
#: Milliseconds in which every move is to be seen.
TARGET = 1000
#: Wall milliseconds after which a move that was not seen ends the run.
PATIENCE = 30_000
#: Wall milliseconds from one asking to the next of the page that does not listen.
EVERY = 5000

#: For before a page's own scripts: notes when it shows what and when it was clicked, on this machine's one clock.
NOTE = """
    window.seen = [];
    document.addEventListener("click", () => { sessionStorage.clicked = Date.now(); }, true);
    document.addEventListener("DOMContentLoaded", () => {
        new MutationObserver(() => window.seen.push([Date.now(), document.body.innerText]))
            .observe(document.body, {childList: true, subtree: true, characterData: true});
    });
"""
SEEN_AT = """([text, there, since]) =>
    (window.seen.find((each) => each[0] >= since && each[1].includes(text) === there) || [0])[0]"""
#: A page that does not listen: it asks for its pieces.
POLL = """(every) => setInterval(() => {
    for (const id of ["tracker", "on-the-way"]) {
        const piece = document.getElementById(id);
        htmx.ajax("GET", piece.getAttribute("hx-get"), {target: piece});
    }
}, every)"""
DEAF = "window.EventSource = class { addEventListener() {} close() {} };"


def prepare() -> tuple[Courier, Restaurant]:
    """The demo's city, with a courier at a restaurant's counter."""
    from delivery import couriers
    from delivery.models import Courier

    shop = seeded()
    courier = Courier.objects.filter(zone=shop.zone).order_by("pk")[0]
    return couriers.go_online(courier.pk, latitude=shop.latitude, longitude=shop.longitude), shop


def waiting(shop: Restaurant) -> Order:
    """An order of Alice at the counter, with a code for her door."""
    from orders import lifecycle
    from orders.lifecycle import Actor
    from orders.models import Order

    order = order_of_alice(shop)
    Order.objects.filter(pk=order.pk).update(door_code="4821")
    kitchen = Actor("restaurant", shop.user_id)
    lifecycle.pay(order.pk, payment_id=uuid.uuid4(), amount=order.total)
    lifecycle.accept(order.pk, by=kitchen, preparation=timedelta(0))
    return lifecycle.mark_ready(order.pk, by=kitchen)


def open_page(browser: Browser, url: str, who: str, address: str, *scripts: str) -> Page:
    context = browser.new_context(base_url=url, reduced_motion="reduce")
    context.add_cookies(sign_in(who, url))
    for script in (NOTE, *scripts):
        context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    return page


def took(actor: Page, witness: Page, text: str, *, there: bool = True) -> float:
    """Milliseconds from the last click on one page until the text was on the other, or no longer there."""
    since = int(actor.evaluate("sessionStorage.clicked"))
    witness.wait_for_function(SEEN_AT, arg=[text, there, since], polling=50)
    return float(witness.evaluate(SEEN_AT, [text, there, since])) - since


def play(
    browser: Browser, url: str, order: Order, courier: Courier, chance: random.Random
) -> tuple[list[float], list[float]]:
    """Each move of one order as its live page saw it, and as the page that asks every five seconds did."""
    from django.db.models import Value

    from delivery import offers
    from delivery.models import Offer
    from orders.city import CityAfter

    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    Offer.objects.filter(pk=offer.pk).update(deadline=CityAfter(Value(600)))
    address = f"/orders/{order.pk}/"
    road = open_page(browser, url, courier.user.username, "/courier/")
    tracker, deaf = open_page(browser, url, "alice", address), open_page(browser, url, "alice", address, DEAF)
    live, polled = [], []
    try:
        for page in (road, tracker):
            page.locator("#light[data-state=on]").wait_for()
        deaf.evaluate(POLL, EVERY)
        for press, text in (
            ("#accept", "picks it up for you."),
            (f"#next-{order.pk}", "is on the way to you."),
            (f"#next-{order.pk}", "Delivered"),
        ):
            if text == "Delivered":
                tracker.get_by_text("Hand it over without the code").click()
                tracker.get_by_role("button", name="Lift the code").click()
                live.append(took(tracker, road, "against four digits", there=False))
            # At any moment between two askings, and not right after one.
            road.wait_for_timeout(chance.uniform(0, EVERY))
            road.locator(press).click()
            live.append(took(road, tracker, text))
            polled.append(took(road, deaf, text))
    finally:
        for page in (road, tracker, deaf):
            page.context.close()
    return live, polled


def measure(options: argparse.Namespace) -> Iterator[Measure]:
    from tests.browser.chromium import chromium

    courier, shop = prepare()
    chance = random.Random(1)
    live: list[float] = []
    polled: list[float] = []
    with web(APP) as (port, _), outbox.relays(1), chromium() as browser:
        url = f"http://{HOST}:{port}"
        # The first compiles templates, which no visitor of a running site waits for.
        play(browser, url, waiting(shop), courier, chance)
        for number in range(options.orders):
            seen, asked = play(browser, url, waiting(shop), courier, chance)
            live += seen
            polled += asked
            print(f"{number + 1} of {options.orders} orders", file=sys.stderr)
    yield _beside("median", statistics.median(live), statistics.median(polled))
    yield _beside("slowest", max(live), max(polled))
    print(json.dumps({"moves": len(live), "over a second": sum(each > TARGET for each in live)}), file=sys.stderr)


def _beside(name: str, ours: float, polled: float) -> Measure:
    rivals, ratios = {"asked every 5 s": polled}, {"asked every 5 s": ours / polled}
    return Measure(
        BENCHMARK, f"press → other browser, {name}", "ms", ours, rivals, ratios, f"< {TARGET}", ours < TARGET
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--orders", type=int, default=10, help="orders played, four moves each (default 10)")
    options = parser.parse_args()
    with outbox.servers() as env:
        # As in the demo, where nobody is led to a second factor first.
        outbox.prepare(env | {"FORKROAD_DEMO": "true", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"})
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        emit(measure(options), as_json=options.json)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
