"""The admin in a real browser: nothing from outside or that the policy stops, its buttons work, and it is swept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from messaging import topology
from orders.models import Restaurant
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.places import Place
from tests.browser.scene import Scene, of_order, set_scene, signed_in, to
from tests.browser.sweep import Sweep
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.system import running


def ask_why(page: Page) -> None:
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("pause_restaurants")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Why").wait_for()


def save_nothing(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()


def of_shop(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(f"admin:orders_restaurant_{name}", args=[scene.shop.pk])


#: One of each kind of page that the admin makes: all its lists, forms and records come out of the same few templates.
ADMIN: list[Place] = [
    Place("admin", "operator", to("admin:index"), rare=True),
    Place("admin, a list", "operator", to("admin:orders_order_changelist")),
    Place(
        "admin, nothing found", "operator", lambda scene: f"{reverse('admin:orders_order_changelist')}?q=x", rare=True
    ),
    Place("admin, a form", "operator", of_shop("change")),
    Place("admin, a form refused", "operator", to("admin:orders_restaurant_add"), save_nothing, rare=True),
    Place("admin, a record", "operator", of_order("admin:orders_order_change", "cooking"), rare=True),
    Place("admin, a history", "operator", of_shop("history"), rare=True),
    Place("admin, a reason asked", "operator", to("admin:orders_restaurant_changelist"), ask_why, rare=True),
]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_each_kind_of_page_is_for_everybody(namespace: str) -> None:
    # given
    topology.apply()
    scene = set_scene()
    watch = Watch()
    with running("web", env={"FORKROAD_DEMO": "true"}) as system, chromium() as browser:
        # when
        complaints = list(Sweep(browser, watch, system, scene).over(ADMIN))
    # then
    assert not complaints, "\n".join(complaints)
    assert watch.outside == []


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
