"""The admin in a real browser: nothing from outside, nothing that the policy stops, and its buttons work."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from messaging import topology
from orders.models import Restaurant
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.scene import signed_in
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.system import running


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_theme_works_under_its_policy_and_loads_nothing_from_outside(namespace: str) -> None:
    # given
    topology.apply()
    factories.make_operator()
    order = factories.accepted_order()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        context = watch.over(browser.new_context(base_url=system.url, viewport={"width": 1280, "height": 900}))
        context.add_cookies(signed_in("operator", url=system.url))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        # when: a list, a form with an autocomplete, a record, and an action with its reason
        for address in (
            reverse("admin:index"),
            reverse("admin:orders_order_changelist"),
            reverse("admin:orders_order_change", args=[order.pk]),
            reverse("admin:orders_restaurant_add"),
        ):
            page.goto(address)
            page.wait_for_load_state("networkidle")
        page.locator(".select2-selection").first.click()
        page.locator(".select2-search__field").fill("r-soup")
        expect(page.locator(".select2-results__option", has_text="r-soup-kitchen")).to_be_visible(timeout=PATIENCE)
        page.goto(reverse("admin:orders_restaurant_changelist"))
        page.locator("input.action-select").first.check()
        page.locator("select[name=action]").select_option("pause_restaurants")
        page.get_by_role("button", name="Run").click()
        page.get_by_label("Why").fill("water in the kitchen")
        page.get_by_role("button", name="Yes, pause (1)").click()
        expect(page.get_by_text("takes no more orders")).to_be_visible(timeout=PATIENCE)
    # then
    assert Restaurant.objects.get().paused
    assert (watch.outside, watch.errors) == ([], [])
