"""How soon a page is there on a phone with a slow line, and what it weighs: real Chromium, held back on purpose.

    python -m benchmarks.pages [--json] [--visits N] [--only NAME …]

Servers and the web process are real processes of their own, the city is the demo's. Every visit begins with an empty
cache, on a screen of 360 × 780 points, with the processor slowed to a quarter and the line to what Chromium's own tools
call slow 4G (1.6 Mbit/s down, 750 kbit/s up, 562 ms to the first byte of every answer). Told are, of the visits of each
page: the time until its largest piece is painted (LCP, median), how far things jumped until then and for two seconds
after (the sum of all shifts), and the gzipped size of its scripts and styles.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import statistics
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks import outbox
from benchmarks.positions import web
from benchmarks.report import Measure, emit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from orders.models import Order, Restaurant

BENCHMARK = "pages"
APP = "config.asgi:application"
HOST = "127.0.0.1"
PHONE = {"width": 360, "height": 780}
#: Slow 4G as Chromium's developer tools have it; bytes a second, and milliseconds of every request.
LINE = {"offline": False, "downloadThroughput": 180_000, "uploadThroughput": 84_375, "latency": 562.5}
SLOWER = 4
#: Milliseconds to the largest piece, and the sum of shifts, at most.
LCP, SHIFT = 1500, 0.05
#: Wall milliseconds for which a page is watched after it has loaded: pieces of other rooms come in that time.
AFTER = 2000

#: Run before the page's own scripts.
OBSERVE = """
window.seen = {lcp: 0, shift: 0, largest: ""};
const named = (each) => each.localName + (each.id && "#" + each.id) + " “" + each.textContent.trim().slice(0, 30) + "”";
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
        window.seen.lcp = each.startTime;
        window.seen.largest = each.element ? named(each.element) : "gone";
    }
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => { for (const each of list.getEntries()) window.seen.shift += each.value; })
    .observe({type: "layout-shift", buffered: true});
"""


@dataclass(frozen=True, slots=True)
class Visited:
    name: str
    address: Callable[[], str]
    who: str | None = None
    #: Done before, in the same browser and at full speed.
    before: Callable[[Page], None] | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """Milliseconds, a sum of shifts, and bytes."""

    lcp: float
    shift: float
    scripts: int
    styles: int
    with_map: bool
    #: What the largest piece was.
    largest: str


def fill_basket(page: Page) -> None:
    page.goto(_menu())
    page.get_by_role("button", name="to the basket").first.click()
    page.get_by_text("is in your basket.").wait_for()


def _menu() -> str:
    from orders.models import Restaurant

    # The city sleeps or not: a menu is read at any hour.
    return f"/restaurants/{Restaurant.objects.order_by('pk')[0].slug}/"


def _order() -> str:
    from orders.models import Order

    return f"/orders/{Order.objects.get().pk}/"


PAGES = (
    Visited("front", lambda: "/"),
    Visited("menu", _menu),
    Visited("basket", lambda: "/basket/", before=fill_basket),
    Visited("checkout", lambda: "/checkout/", "alice", fill_basket),
    Visited("order, with its map", _order, "alice"),
    Visited("courier", lambda: "/courier/", "c-"),
    Visited("kitchen", lambda: "/kitchen/", "r-"),
    Visited("city", lambda: "/operator/", "operator"),
)


def prepare() -> None:
    """The demo's city, awake, and an order on its way from the kitchen to Alice."""
    order_of_alice(seeded())


def seeded() -> Restaurant:
    """The demo's city, and one of its restaurants, open at any hour."""
    from django.core.management import call_command

    from messaging import topology
    from orders.models import Restaurant

    topology.apply()
    call_command("seed", verbosity=0, stdout=sys.stderr)
    Restaurant.objects.update(paused=False)
    shop = Restaurant.objects.order_by("pk")[0]
    shop.hours.all().delete()
    return shop


def order_of_alice(shop: Restaurant) -> Order:
    """One thing of the restaurant's, placed and not yet paid."""
    from accounts.models import User
    from orders import checkout
    from orders.models import MenuItem

    item = MenuItem.objects.filter(restaurant=shop, options=None, sold_out=False)[0]
    return checkout.place_order(
        customer=User.objects.get(username="alice"),
        restaurant=shop.slug,
        lines=[checkout.LineRequest(item=item.pk, quantity=1, unit_price=item.price)],
        address=checkout.AddressRequest("1 Mill Lane", shop.latitude + 0.004, shop.longitude),
        card="tok_ok",
        expected_total=item.price + shop.delivery_fee,
        idempotency_key=uuid.uuid4().hex,
    )


def visit(browser: Browser, url: str, page: Visited) -> Visit:
    from config.design.weights import weigh

    context = browser.new_context(base_url=url, viewport=PHONE, device_scale_factor=2, is_mobile=True)  # type: ignore[arg-type]
    try:
        if page.who:
            context.add_cookies(sign_in(page.who, url))
        shown = context.new_page()
        shown.set_default_timeout(60_000)
        if page.before:
            page.before(shown)
        line = context.new_cdp_session(shown)
        line.send("Network.enable")
        line.send("Network.clearBrowserCache")
        line.send("Network.emulateNetworkConditions", LINE)
        line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        shown.add_init_script(OBSERVE)
        answer = shown.goto(page.address(), wait_until="load")
        shown.wait_for_timeout(AFTER)
        seen = shown.evaluate("window.seen")
        assert answer is not None and answer.ok, f"{page.name} answers {answer and answer.status}"
        assert urlsplit(answer.url).path == urlsplit(page.address()).path, f"{page.name} led to {answer.url}"
        weight = weigh(answer.text())
        return Visit(seen["lcp"], seen["shift"], weight.scripts, weight.styles, weight.with_map, seen["largest"])
    finally:
        context.close()


def sign_in(who: str, url: str) -> Any:
    """The cookies of the first whose name begins so."""
    from django.test import Client

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.filter(username__startswith=who).order_by("pk")[0])
    return [{"name": name, "value": morsel.value, "url": url} for name, morsel in client.cookies.items()]


def measure(options: argparse.Namespace) -> Iterator[Measure]:
    from tests.browser.chromium import chromium

    with web(APP) as (port, _), chromium() as browser:
        url = f"http://{HOST}:{port}"
        # The first asking of all compiles templates, which no visitor of a running site waits for.
        for page in PAGES:
            if not options.only or page.name in options.only:
                visit(browser, url, page)
                yield from judge(page.name, [visit(browser, url, page) for _ in range(options.visits)])


def judge(name: str, visits: list[Visit]) -> Iterator[Measure]:
    from config.design.weights import SCRIPT, SCRIPT_WITH_MAP, STYLE

    lcp = statistics.median(each.lcp for each in visits)
    slowest = {"slowest": max(each.lcp for each in visits)}
    what = f"{name}: largest piece ({visits[-1].largest}), median"
    yield Measure(BENCHMARK, what, "ms", lcp, slowest, {}, f"<= {LCP}", lcp <= LCP)
    shift = max(each.shift for each in visits)
    yield Measure(BENCHMARK, f"{name}: shift, worst", "", shift, {}, {}, f"<= {SHIFT}", shift <= SHIFT)
    last = visits[-1]
    most = SCRIPT_WITH_MAP if last.with_map else SCRIPT
    yield _weight(f"{name}: scripts, gzipped", last.scripts, most)
    yield _weight(f"{name}: styles, gzipped", last.styles, STYLE)


def _weight(what: str, size: int, most: int) -> Measure:
    return Measure(BENCHMARK, what, "kB", size / 1000, {}, {}, f"<= {most // 1000}", size <= most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--visits", type=int, default=3, help="counted visits of each page (default 3)")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[page.name for page in PAGES])
    options = parser.parse_args()
    with outbox.servers() as env:
        # As in the demo, where nobody is led to a second factor first.
        outbox.prepare(env | {"FORKROAD_DEMO": "true", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"})
        prepare()
        emit(measure(options), as_json=options.json)
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
