"""Pages that everybody can use: WCAG 2.2 A and AA by axe with no rule left out, nothing wider than the screen, also
with text of twice the size, a focus that is seen wherever it goes, nothing that moves where that is not wanted, and no
word in the browser's console.

In `make test` most places are looked at once; `make browser-full` looks at each in light and dark, at 360 and 1280 px.
"""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

from messaging import topology
from tests.browser.chromium import chromium
from tests.browser.places import Place, looks
from tests.browser.scene import Scene, set_scene, signed_in
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.system import System, running

FULL = os.environ.get("FORKROAD_BROWSER") == "full"

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

#: Names what sticks out, the innermost first.
TOO_WIDE = """(narrow) => [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > narrow + 0.5 && getComputedStyle(each).clipPath === "none")
    .map((each) => each.tagName + "." + each.className + "#" + each.id).slice(-4).reverse().join(" in ")"""

#: Goes through all that can be focused, as the Tab key does, and names what shows no ring or lies under something else.
UNSEEN = """() => {
    const ring = (each) => each && getComputedStyle(each).outlineStyle !== "none"
        && parseFloat(getComputedStyle(each).outlineWidth) >= 2;
    const name = (each) => each.outerHTML.slice(0, 90);
    const found = [];
    const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    for (const each of document.querySelectorAll(all)) {
        if (!each.checkVisibility()) continue;
        each.focus();
        if (document.activeElement !== each) continue;
        if (![each, each.closest(".choice"), each.nextElementSibling].some(ring))
            found.push(name(each) + " shows no focus");
        const box = each.getBoundingClientRect();
        const above = (y) => {
            const there = document.elementFromPoint(box.x + box.width / 2, Math.min(innerHeight - 1, Math.max(0, y)));
            const cover = there && there.closest(".top, .alarm, .over");
            return cover && !cover.contains(each);
        };
        if ([box.y + Math.min(box.height / 2, 12), box.y + box.height / 2, box.bottom - 12].every(above))
            found.push(name(each) + " is focused under something else");
    }
    return found.slice(0, 5);
}"""

MOVES = """() => document.getAnimations()
    .filter((each) => each.playState === "running").map((each) => each.animationName)"""

#: The narrowest screen, on which nothing may have to be pushed sideways.
NARROW = 320
#: Pixels of the reader's own text size: twice the usual, in CDP's words.
DOUBLE = {"fontSizes": {"standard": 32, "fixed": 26}}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_every_page_is_for_everybody(namespace: str) -> None:
    # given
    topology.apply()
    scene = set_scene()
    watch, complaints = Watch(), []
    with running("web", env={"FORKROAD_DEMO": "true"}) as system, chromium() as browser:
        # when
        for place, scheme, width in looks(full=FULL):
            name, heard = f"{place.name} ({scheme}, {width})", len(watch.errors)
            # A sweep shows a password more often in a minute than anybody may.
            cache.clear()
            try:
                page = _open(browser, watch, system, scene, place, scheme=scheme, width=width)
                complaints += [f"{name}: {each}" for each in _look_over(page, width)]
            except PlaywrightError as error:
                complaints.append(f"{name} cannot be looked at: {error.message}")
            said = [line for line in watch.errors[heard:] if not (place.console and re.search(place.console, line))]
            complaints += [f"{name}: the console says {line}" for line in said]
            for context in browser.contexts:
                context.close()
    # then: all that is wrong, at once
    assert not complaints, "\n".join(complaints)
    assert watch.outside == []


def _open(
    browser: Browser, watch: Watch, system: System, scene: Scene, place: Place, *, scheme: Any, width: int
) -> Page:
    context = browser.new_context(
        base_url=system.url, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    watch.over(context)
    if place.who:
        context.add_cookies(signed_in(place.who, url=system.url))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(place.address(scene))
    place.before(page)
    # Pieces that other rooms serve are part of the page.
    expect(page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE)
    # What is folded away is read, too.
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    return page


def _look_over(page: Page, width: int) -> list[str]:
    found = []
    for violation in Axe().run(page, options=RULES).response["violations"]:
        where = [node["target"] for node in violation["nodes"]][:4]
        found.append(f"{violation['id']}: {violation['help']} at {where}")
    found += [f"{name} moves, though the reader wants no motion" for name in page.evaluate(MOVES)]
    page.keyboard.press("Tab")
    found += page.evaluate(UNSEEN)
    if width < 1000:
        page.set_viewport_size({"width": NARROW, "height": 800})
        found += _too_wide(page, NARROW, "")
    else:
        page.context.new_cdp_session(page).send("Page.setFontSizes", DOUBLE)
        found += _too_wide(page, width, " with text of twice the size")
    return found


def _too_wide(page: Page, width: int, how: str) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"is {wide} px wide on a screen of {width}{how}: {page.evaluate(TOO_WIDE, width)}"] if wide > width else []
