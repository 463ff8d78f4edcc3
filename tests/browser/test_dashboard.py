"""The operator's dashboard in a browser, and a visitor who is counted only after having agreed."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from analytics.behaviour.events import TOPIC
from messaging import topology
from orders.city import city_now
from tests import factories
from tests.analytics.test_dashboard import Told
from tests.browser.chromium import chromium
from tests.browser.sweep import RULES
from tests.browser.test_order_to_door import PATIENCE, signed_in
from tests.browser.watch import Watch
from tests.messaging.streams import NOON, produce, read_all
from tests.system import running
from tests.waiting import wait_for


def must_be_fit(page: Page) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_dashboard_follows_the_stream_and_browsing_is_counted_by_consent(namespace: str) -> None:
    # given: a running system, an operator at the dashboard, with one of its tables open
    factories.make_operator()
    factories.make_restaurant()
    topology.apply()
    now = (city_now() - NOON).total_seconds() / 60
    told, watch = Told(), Watch()
    told.placed(1, now - 70, restaurant="Trattoria")
    told.delivered(1, now - 20, minutes=50)
    told.placed(2, now - 50, restaurant="Pier", restaurant_id=8)
    produce(told.records)
    with running("web", "consume") as system, chromium() as browser:
        page = signed_in(browser, watch, system, "operator")
        page.goto("/operator/")
        expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
        expect(page.locator("[data-piece=attention]")).to_contain_text("Pier", timeout=PATIENCE)
        page.evaluate("window.neverReloaded = true")
        page.locator("#table-minutes > summary").click()
        # when: another order is placed
        told.placed(3, now, restaurant="Noodle Bar", restaurant_id=9)
        produce(told.records[3:])
        # then: it appears by itself, and the open table stays open
        expect(page.locator("[data-piece=latest]")).to_contain_text("Noodle Bar", timeout=PATIENCE)
        expect(page.locator("[data-piece=places]")).to_contain_text("Noodle Bar", timeout=PATIENCE)
        expect(page.locator("#table-minutes")).to_have_attribute("open", "")
        assert page.evaluate("window.neverReloaded") is True
        # and: everybody can use it, by day and by night, on a small screen
        for scheme, width in (("light", 1280), ("dark", 320)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 800})
            must_be_fit(page)
        page.goto("/operator/history/")
        must_be_fit(page)

        # given: a visitor who has chosen nothing
        visitor = watch.over(browser.new_context(base_url=system.url)).new_page()
        visitor.set_default_timeout(PATIENCE)
        visitor.goto("/restaurants/soup-kitchen/")
        expect(visitor.get_by_text("May we count what you browse?")).to_be_visible()
        visitor.goto("/")
        # then: nothing is told of them
        assert read_all(TOPIC) == []
        # when: they agree, look at a menu and put something in
        visitor.get_by_role("button", name="Yes, count").click()
        expect(visitor.get_by_text("You agreed.")).to_be_visible()
        visitor.goto("/restaurants/soup-kitchen/")
        visitor.get_by_role("button", name="Add Soup to the basket").click()
        expect(visitor.get_by_text("Soup is in your basket.")).to_be_visible()
        # then: that is told, under a number
        wait_for(lambda: len(read_all(TOPIC)) >= 2, within=30, what="the browser's report")
        events = read_all(TOPIC)
        assert [event.type for event in events][:2] == ["browsing.menu_seen", "browsing.put_in"]
        assert json.loads(events[1].raw)["quantity"] == 1
        # when: they change their mind, nothing more is told
        visitor.get_by_role("button", name="Stop counting").click()
        expect(visitor.get_by_text("You said no")).to_be_visible()
        before = len(wait_for(lambda: read_all(TOPIC), within=30, what="what was told"))
        visitor.goto("/restaurants/soup-kitchen/")
        visitor.goto("/")
        assert visitor.locator("script[data-to]").count() == 0
        assert len(read_all(TOPIC)) - before <= 1
    assert watch.errors == [] and watch.outside == []
