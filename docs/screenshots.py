"""Pictures of the running demo: `python -m docs.screenshots [--url …] [--to docs/images]`.

Start `make demo` first, and give its simulator a minute, so that there is something to see.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser.chromium import chromium

DESKTOP = (1280, 860)
PHONE = (375, 812)

Scheme = Literal["light", "dark"]

#: Orders placed for one picture at most, each at another restaurant where that may help.
TRIES = 6

#: An order that nobody brings any more.
ENDED = ", ".join(
    f"#tracker [data-status={end}]" for end in ("rejected", "cancelled", "payment_failed", "undeliverable")
)


class TookTooLong(RuntimeError):
    """The city did not come to the state that a picture shows."""


@contextmanager
def visit(
    browser: Browser, url: str, who: str, *, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light"
) -> Iterator[Page]:
    """A page signed in with the demo's one click (nobody, when `who` is empty)."""
    width, height = size
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto("/account/login/" if who else "/")
    if who:
        page.get_by_role("button", name=who).click()
        page.get_by_role("button", name="Sign out").wait_for()
    try:
        yield page
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until the event stream is open, where the page has one, and its fragments are in."""
    if page.locator("#light").count():
        page.locator("#light[data-state=on]").wait_for()
    expect(page.locator(".htmx-request")).to_have_count(0, timeout=30_000)


def order(page: Page) -> None:
    """As a customer: order at one restaurant after the other until one has taken it and a courier is named.

    The simulated people are no machines: a restaurant turns some orders down, and a card is declined now and then.
    """
    for attempt in range(TRIES):
        place(page, shop=attempt)
        if awaited(page.locator("#courier"), page.locator(ENDED), seconds=90):
            return
    raise TookTooLong(f"no courier took one of {TRIES} orders: is the simulator running, and the city awake?")


def place(page: Page, *, shop: int | str) -> None:
    """Order at a restaurant, by its name or by its place among those that are open, what comes first on its menu."""
    page.goto("/")
    shops = page.locator(".place:not(.closed)")
    if isinstance(shop, str):
        shops.filter(has_text=shop).first.click()
    else:
        shops.nth(shop % max(1, shops.count())).click()
    pay(page)


def pay(page: Page) -> None:
    fill_basket(page)
    page.get_by_role("button", name="Order and pay").click()
    page.locator("#tracker").wait_for()


def fill_basket(page: Page) -> None:
    page.get_by_role("button", name="to the basket").first.click()
    page.get_by_role("link", name="To the basket").click()
    page.get_by_role("link", name="To checkout").click()
    page.locator("#promise").wait_for()


def awaited(wanted: Locator, failed: Locator, *, seconds: float) -> bool:
    """Whether what is wanted came; not, when what failed came first or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if wanted.count():
            return True
        if failed.count():
            return False
        wanted.page.wait_for_timeout(200)
    return False


@contextmanager
def alice(page: Page) -> Iterator[Page]:
    """Customer Alice at a browser of her own, beside somebody else's page."""
    browser = page.context.browser
    assert browser is not None
    parts = urlsplit(page.url)
    with visit(browser, f"{parts.scheme}://{parts.netloc}", "Customer Alice") as other:
        yield other


def cook(page: Page) -> None:
    """As a restaurant: wait for an order, which Alice places here; and hold still while it waits for an answer."""
    resume = page.locator("#resume")
    if resume.count():
        resume.click()
        resume.wait_for(state="detached")
    with alice(page) as customer:
        for _ in range(TRIES):
            place(customer, shop=page.locator("h1").inner_text())
            if awaited(page.locator("#board [id^=accept-]"), customer.locator(ENDED), seconds=60):
                return
    raise TookTooLong("no order came to the restaurant's board")


def ride(page: Page) -> None:
    """As a courier: stand at a counter where Alice orders, for the nearest is asked first; try the next counter when
    somebody else was nearer still, or when the order was turned down."""
    offer = page.locator("#offer")
    with alice(page) as customer:
        for attempt in range(TRIES):
            if offer.count():
                return
            shop = stand_at(page, attempt)
            if shop is None:
                break
            place(customer, shop=shop)
            if awaited(offer, customer.locator(f"{ENDED}, #courier"), seconds=75):
                return
    # An order in the bag shows a courier's day as well.
    if not page.locator("#desk [data-status]").count():
        raise TookTooLong(f"no offer came to the courier at {TRIES} counters")


def stand_at(page: Page, attempt: int) -> str | None:
    """Go on shift at a counter, another one each time; None while something is carried. The restaurant's name."""
    if page.locator("#go-offline").count():
        if page.locator("#desk [data-status]").count():
            return None
        page.locator("#go-offline").click()
    page.locator("#place").wait_for()
    counters = page.locator("#place option").filter(has_text="At ")
    label = counters.nth((7 * attempt + 3) % counters.count()).inner_text()
    page.locator("#place").select_option(label=label)
    page.locator("#go-online").click()
    page.locator("#go-offline").wait_for()
    return label.removeprefix("At ")


def story(page: Page) -> None:
    """An order that went all the way."""
    for _ in range(60):
        page.goto("/operator/orders/?words=delivered")
        if page.locator("#found a").count():
            page.locator("#found a").first.click()
            page.locator(".story").first.wait_for()
            return
        page.wait_for_timeout(2000)
    raise TookTooLong("no order was delivered")


def recovery(page: Page) -> None:
    """A relay that was stopped, and has worked off what waited."""
    page.goto("/operator/faults")
    # What is sampled only while somebody looks needs a past to be seen against.
    page.wait_for_timeout(45_000)
    page.get_by_role("button", name="Stop the relay").click()
    page.get_by_text("all worked off after").first.wait_for(timeout=120_000)


def city_map(page: Page) -> None:
    page.goto("/operator/map")
    page.locator("#city-map[data-moved]").wait_for()


def menu(page: Page) -> None:
    page.goto("/")
    page.locator(".place:not(.closed)").first.click()


def checkout(page: Page) -> None:
    menu(page)
    fill_basket(page)


def to(address: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(address)

    return go


def stay(page: Page) -> None:
    """The page that signing in led to."""


#: name, whose page, how to get there, size, colours
SHOTS: list[tuple[str, str, Callable[[Page], None], tuple[int, int], Scheme]] = [
    ("front", "", stay, DESKTOP, "light"),
    ("front-phone", "Customer Alice", stay, PHONE, "light"),
    ("menu", "Customer Alice", menu, DESKTOP, "light"),
    ("checkout-phone", "Customer Alice", checkout, PHONE, "light"),
    ("tracker", "Customer Alice", order, DESKTOP, "light"),
    ("tracker-phone", "Customer Alice", order, PHONE, "dark"),
    ("kitchen", "A restaurant", cook, DESKTOP, "light"),
    ("courier-phone", "A courier", ride, PHONE, "light"),
    ("city", "The operator", stay, DESKTOP, "light"),
    ("city-dark", "The operator", stay, DESKTOP, "dark"),
    ("story", "The operator", story, DESKTOP, "light"),
    ("map", "The operator", city_map, DESKTOP, "light"),
    ("recovery", "The operator", recovery, DESKTOP, "light"),
    ("city-phone", "The operator", stay, PHONE, "light"),
    ("design", "", to("/design"), DESKTOP, "light"),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("FORKROAD_URL", "http://127.0.0.1:8000"), help="of the demo")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "images", help="folder of the pictures")
    parser.add_argument("--full", action="store_true", help="whole pages, not what fits on the screen")
    parser.add_argument("--only", nargs="*", help="names of pictures")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    failed = []
    with chromium() as browser:
        for name, who, way, size, scheme in SHOTS:
            if options.only and name not in options.only:
                continue
            try:
                with visit(browser, options.url, who, size=size, scheme=scheme) as page:
                    way(page)
                    settle(page)
                    page.screenshot(path=options.to / f"{name}.png", full_page=options.full)
            except (PlaywrightError, TookTooLong, AssertionError) as error:
                # One picture that cannot be had is no reason to go without the others.
                failed.append(name)
                print(f"{name}: {error}", file=sys.stderr, flush=True)
            else:
                print(options.to / f"{name}.png", flush=True)
    if failed:
        print(f"Not made: {' '.join(failed)}. Again: --only {' '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
