"""With the keyboard alone: from the first press of Tab to the order's page, each step seen where it is; leaving a
restaurant and announcing a shift, after which the focus is where one goes on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from delivery.models import AnnouncedShift
from messaging import topology
from notifications import followers
from orders.models import Order
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.scene import signed_in
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.system import System, running

#: What has the focus, by the words that a screen reader gives it, and whether a ring shows where it is.
FOCUSED = """() => {
    const at = document.activeElement;
    const label = at.labels && at.labels[0];
    const named = at.getAttribute("aria-label") || (label || at).textContent;
    const ring = (each) => each && getComputedStyle(each).outlineStyle !== "none";
    return [named.replace(/\\s+/g, " ").trim(), [at, at.closest(".choice"), at.nextElementSibling].some(ring)];
}"""


def tab_to(page: Page, wanted: str, *, most: int = 60) -> None:
    """Go on with Tab until what is named so has the focus, which must be seen all the way."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(FOCUSED)
        assert ring, f"{name} has the focus, and nothing shows it"
        if re.search(wanted, name):
            return
        passed.append(name)
    raise AssertionError(f"{wanted} was not reached; passed were {passed}")


def open_page(browser: Browser, watch: Watch, system: System, username: str, address: str) -> Page:
    context = watch.over(browser.new_context(base_url=system.url, reduced_motion="reduce"))
    context.add_cookies(signed_in(username, url=system.url))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    return page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_an_order_is_placed_without_a_mouse(namespace: str) -> None:
    # given: a customer at the front page
    alice = factories.alice()
    shop = factories.make_restaurant()
    factories.add_choices(shop.items.get(name="Soup"))
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = open_page(browser, watch, system, "alice", "/")

        # when: the first Tab offers to skip what is above
        tab_to(page, "^Skip to the content$", most=1)
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()
        # and: from there the order of the focus is the order of the page
        tab_to(page, "^Search$", most=1)
        page.keyboard.type("soop")
        expect(page.get_by_text("This comes near:")).to_be_visible(timeout=PATIENCE)
        tab_to(page, "Soup Kitchen")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Soup Kitchen", level=1)).to_be_visible()
        # and: a large soup, twice
        tab_to(page, "^Small")
        page.keyboard.press("ArrowRight")
        tab_to(page, "^Quantity of Soup$")
        page.keyboard.press("ArrowUp")
        tab_to(page, "^Add Soup to the basket$")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Soup is in your basket.")).to_be_visible()
        # and: basket, checkout, another card, done
        tab_to(page, "^Basket, items: 2$")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your basket")).to_be_visible()
        tab_to(page, "^To checkout$")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
        # What the fee is and when it comes stands there before anything is chosen.
        expect(page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE)
        tab_to(page, "^Visa ending 4242")
        page.keyboard.press("ArrowDown")
        tab_to(page, "^Order and pay")
        page.keyboard.press("Enter")

        # then
        expect(page.locator("#tracker")).to_be_visible(timeout=PATIENCE)
        order = Order.objects.get()
        assert page.url == f"{system.url}/orders/{order.pk}/"
        line = order.lines.get()
        assert (order.customer, line.quantity, line.options) == (alice, 2, ["Large"])
        # and: the way back, too
        expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
        expect(page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE)
        tab_to(page, "^Cancel this order$")
        page.keyboard.press("Enter")
        tab_to(page, "^Cancel the order$")
        page.keyboard.press("Enter")
        expect(page.locator("[data-status=cancelled]")).to_be_visible(timeout=PATIENCE)
        assert watch.errors == []
        assert watch.outside == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_restaurant_is_left_and_a_shift_announced_without_a_mouse(namespace: str) -> None:
    # given
    alice, shop = factories.alice(), factories.make_restaurant()
    factories.make_courier("c-01", online=False)
    followers.follow(shop.pk, user_id=alice.pk)
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = open_page(browser, watch, system, "alice", "/following/")
        # when: left, and followed again from where the focus is then
        tab_to(page, "^Stop following Soup Kitchen$")
        page.keyboard.press("Enter")
        button = page.locator(f"#follow-{shop.pk}")
        expect(button).to_have_text("Follow again: Soup Kitchen")
        expect(button).to_be_focused()
        assert not followers.follows(shop.pk, user_id=alice.pk)
        page.keyboard.press("Enter")
        # then
        expect(button).to_have_text("Stop following Soup Kitchen")
        expect(button).to_be_focused()
        assert followers.follows(shop.pk, user_id=alice.pk)

        # when: a shift is announced for tomorrow, and withdrawn
        road = open_page(browser, watch, system, "c-01", "/courier/shifts/")
        tab_to(road, "^Day$")
        road.keyboard.press("ArrowDown")
        tab_to(road, "^Announce it$")
        road.keyboard.press("Enter")
        # then: the answer is read, and the keyboard goes on after it
        expect(road.locator("#word")).to_have_text(re.compile("^Announced: tomorrow "))
        expect(road.locator("#word")).to_be_focused()
        assert AnnouncedShift.objects.count() == 1
        tab_to(road, "^Withdraw tomorrow ", most=1)
        road.keyboard.press("Enter")
        line = road.locator("#announced li")
        expect(line).to_have_text(re.compile("^Withdrawn: tomorrow "))
        expect(line.get_by_role("status")).to_be_focused()
        assert not AnnouncedShift.objects.exists()
    assert (watch.errors, watch.outside) == ([], [])
