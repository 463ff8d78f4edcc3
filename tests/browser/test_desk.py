"""A new order at the restaurant's desk: it rings, it is said, the title calls, and the keyboard alone answers it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from messaging import topology
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_journeys import open_page
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.system import running

#: Milliseconds from one ring to the next while an order waits (`kitchen.js: AGAIN`).
RINGS_EVERY = 6000


def rings(page: Page) -> int:
    return int(page.locator("#sound").get_attribute("data-rang") or "0")


def press_until(page: Page, wanted: str, *, most: int = 40) -> None:
    """Go on with the Tab key until the element is reached."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == wanted:
            return
    raise AssertionError(f"{wanted} was not reached with {most} tabs")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_new_order_cannot_be_missed(namespace: str) -> None:
    # given: a cook who has changed nothing, and looks at what is ready
    shop = factories.make_restaurant()
    topology.apply()
    watch = Watch()
    with running("web", "relay", "consume") as system, chromium() as browser:
        page = open_page(browser, watch, system, 390, shop.user.username)
        page.clock.install()
        page.goto("/kitchen/?tab=ready")
        expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
        sound = page.locator("#sound")
        expect(sound).to_have_text("Sound: press anywhere once")
        page.get_by_role("heading", name="Today").click()
        expect(sound).to_have_text("Sound is on", timeout=PATIENCE)
        expect(sound).to_have_attribute("data-awake", "true")
        title = page.title()

        # when
        order = factories.paid_order(restaurant=shop)

        # then: without a reload
        expect(page.locator("#alarm")).to_contain_text("A new order waits for your answer", timeout=PATIENCE)
        expect(page.locator("#alarm .seconds")).to_contain_text(":")
        expect(page.locator("#alarm-spoken")).to_have_text(f"New order {order.number}")
        expect(sound).to_have_attribute("data-rang", "1", timeout=PATIENCE)
        expect(page).to_have_title("(1) New order", timeout=PATIENCE)
        # and: again and again, until somebody answers
        rang = rings(page)
        page.clock.fast_forward(RINGS_EVERY)
        expect(sound).to_have_attribute("data-rang", re.compile(f"^{rang + 1}$|^{rang + 2}$"), timeout=PATIENCE)

        # when: the keyboard alone finds the tab and accepts
        press_until(page, "tab-paid")
        page.keyboard.press("Enter")
        expect(page.locator(f"#accept-{order.id}")).to_be_visible()
        press_until(page, f"accept-{order.id}")
        page.keyboard.press("Enter")

        # then: it is quiet again, and the order is among those that cook
        expect(page.locator("[data-new-order]")).to_have_count(0, timeout=PATIENCE)
        expect(page).to_have_title(title, timeout=PATIENCE)
        expect(page.locator("#tab-accepted .count")).to_have_text("1")
        rang = rings(page)
        page.clock.fast_forward(3 * RINGS_EVERY)
        assert rings(page) == rang
        order.refresh_from_db()
        assert order.status == "accepted"
        assert watch.errors == []
        assert watch.outside == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_sound_is_turned_off_only_by_whoever_hears_it(namespace: str) -> None:
    # given: a page on which nothing has been pressed, so that the browser plays nothing
    shop = factories.make_restaurant()
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = open_page(browser, watch, system, 390, shop.user.username)
        page.goto("/kitchen/")
        sound = page.locator("#sound")
        expect(sound).to_have_text("Sound: press anywhere once")

        # when: the button itself is what is pressed → then: it wakes, and is tried
        sound.click()
        expect(sound).to_have_text("Sound is on", timeout=PATIENCE)
        expect(sound).to_have_attribute("data-rang", "1", timeout=PATIENCE)
        # when: pressed again → then: off, also on the next day
        sound.click()
        expect(sound).to_have_text("Turn the sound on")
        page.reload()
        expect(sound).to_have_text("Turn the sound on")
        # when → then
        sound.click()
        expect(sound).to_have_text("Sound is on", timeout=PATIENCE)
        assert (watch.errors, watch.outside) == ([], [])
