"""Pictures of the running demo: `python -m docs.screenshots [--url …] [--to docs/images]`.

Start `make demo` first, and give its simulator a minute, so that there is something to see.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium

DESKTOP = (1280, 860)
PHONE = (375, 812)

Scheme = Literal["light", "dark"]


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
    """As a customer: fill a basket, pay, and wait for the simulated restaurant and courier to take it."""
    menu(page)
    pay(page)
    page.locator("#courier").wait_for(timeout=120_000)


def pay(page: Page) -> None:
    page.get_by_role("button", name="to the basket").first.click()
    page.get_by_role("link", name="To the basket").click()
    page.get_by_role("link", name="To checkout").click()
    page.get_by_role("button", name="Order and pay").click()
    page.locator("#tracker").wait_for()


def cook(page: Page) -> None:
    """As a restaurant: wait for an order, which Alice places here."""
    browser = page.context.browser
    assert browser is not None
    with visit(browser, page.url.removesuffix("/kitchen/"), "Customer Alice") as alice:
        alice.get_by_role("link", name=page.locator("h1").inner_text()).click()
        pay(alice)
        page.locator("#board .ticket").first.wait_for(timeout=120_000)


def ride(page: Page) -> None:
    """As a courier: stand before a restaurant, where Alice orders; the nearest courier is asked first."""
    shown = page.locator("#offer, #desk [data-status]")
    if page.get_by_role("button", name="Go offline").count() and not shown.count():
        page.get_by_role("button", name="Go offline").click()
    if not shown.count():
        option = page.locator("#place option", has_text="At ").last
        shop = option.inner_text().removeprefix("At ")
        page.get_by_label("Where are you?").select_option(label=f"At {shop}")
        page.get_by_role("button", name="Go online").click()
        browser = page.context.browser
        assert browser is not None
        with visit(browser, page.url.removesuffix("/courier/"), "Customer Alice") as alice:
            alice.get_by_role("link", name=shop).click()
            pay(alice)
            shown.first.wait_for(timeout=120_000)


def story(page: Page) -> None:
    page.goto("/operator/orders/?words=delivered")
    page.locator("#found a").first.click()


def menu(page: Page) -> None:
    page.goto("/")
    page.locator(".place:not(.closed)").first.click()


def stay(page: Page) -> None:
    """The page that signing in led to."""


#: name, whose page, how to get there, size, colours
SHOTS: list[tuple[str, str, Callable[[Page], None], tuple[int, int], Scheme]] = [
    ("front", "", stay, DESKTOP, "light"),
    ("front-phone", "Customer Alice", stay, PHONE, "light"),
    ("menu", "Customer Alice", menu, DESKTOP, "light"),
    ("tracker", "Customer Alice", order, DESKTOP, "light"),
    ("tracker-phone", "Customer Alice", order, PHONE, "dark"),
    ("kitchen", "A restaurant", cook, DESKTOP, "light"),
    ("courier-phone", "A courier", ride, PHONE, "light"),
    ("city", "The operator", stay, DESKTOP, "light"),
    ("city-dark", "The operator", stay, DESKTOP, "dark"),
    ("story", "The operator", story, DESKTOP, "light"),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("FORKROAD_URL", "http://127.0.0.1:8000"), help="of the demo")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "images", help="folder of the pictures")
    parser.add_argument("--full", action="store_true", help="whole pages, not what fits on the screen")
    parser.add_argument("--only", nargs="*", help="names of pictures")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, who, way, size, scheme in SHOTS:
            if options.only and name not in options.only:
                continue
            with visit(browser, options.url, who, size=size, scheme=scheme) as page:
                way(page)
                settle(page)
                page.screenshot(path=options.to / f"{name}.png", full_page=options.full)
            print(options.to / f"{name}.png", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
