"""Looking over place after place in a real browser: what axe, the width of a screen, a keyboard and the console say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser.places import Place, looks
from tests.browser.scene import Scene, signed_in
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.system import System

FULL = os.environ.get("FORKROAD_BROWSER") == "full"
NAMED = os.environ.get("FORKROAD_PLACES", "")

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

#: Names what sticks out, the innermost first.
TOO_WIDE = """(narrow) => [...document.querySelectorAll("body *:not(svg *)")]
    .filter((each) => each.getBoundingClientRect().right > narrow + 0.5 && getComputedStyle(each).clipPath === "none")
    .filter((each) => !each.parentElement.closest(".scroll, .chips, .tabs, .strip ul"))
    .map((each) => each.tagName + "." + each.className + "#" + each.id).slice(-4).reverse().join(" in ")"""

#: Names text that is cut off: what stands in a box that hides what does not fit, and does not fit.
CUT_OFF = """() => {
    const cuts = (flow) => flow === "hidden" || flow === "clip";
    return [...document.querySelectorAll("body *:not(input, select, textarea, svg, svg *)")].filter((each) => {
        const style = getComputedStyle(each);
        if (!cuts(style.overflowX) && !cuts(style.overflowY)) return false;
        // Told to readers' ears alone, or a map: its names move with it.
        if (style.clipPath !== "none" || each.closest(".leaflet-container") || !each.checkVisibility()) return false;
        if (!each.innerText || !each.innerText.trim()) return false;
        return (cuts(style.overflowX) && each.scrollWidth > each.clientWidth + 1)
            || (cuts(style.overflowY) && each.scrollHeight > each.clientHeight + 1);
    }).slice(0, 4).map((each) => each.outerHTML.slice(0, 90));
}"""

#: Opens what is folded away, and says whether there was something.
UNFOLD = """() => {
    const folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((each) => { each.open = true; });
    return folded.length > 0;
}"""

#: Once it has been drawn twice, whatever was set off by what was done before has begun.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"

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


@dataclass(slots=True)
class Sweep:
    """Looks at place after place, each in a browser that knows nothing of the last."""

    browser: Browser
    watch: Watch
    system: System
    scene: Scene

    def over(self, places: Iterable[Place]) -> Iterator[str]:
        """What is wrong, each with its place."""
        for place, scheme, width in looks(places, full=FULL, named=NAMED):
            name, heard = f"{place.name} ({scheme}, {width})", len(self.watch.errors)
            # A sweep shows a password more often in a minute than anybody may.
            cache.clear()
            try:
                yield from (f"{name}: {each}" for each in look_over(self._open(place, scheme, width), width))
            except (PlaywrightError, AssertionError) as error:
                # What a locator waits for comes in a second line, after which the page is told from end to end.
                yield f"{name} cannot be looked at: {' '.join(str(error).split())[:300]}"
            said = [
                line for line in self.watch.errors[heard:] if not (place.console and re.search(place.console, line))
            ]
            yield from (f"{name}: the console says {line}" for line in said)
            for context in self.browser.contexts:
                context.close()

    def _open(self, place: Place, scheme: Any, width: int) -> Page:
        context = self.browser.new_context(
            base_url=self.system.url,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",
        )
        self.watch.over(context)
        if place.who:
            context.add_cookies(signed_in(place.who, url=self.system.url))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(place.address(self.scene))
        place.before(page)
        if place.onward:
            page.goto(place.onward)
        settle(page)
        if place.shows:
            expect(page.get_by_text(place.shows).first).to_be_attached(timeout=PATIENCE)
        return page


def settle(page: Page) -> None:
    """Until all is there, what is folded away too: pieces that other rooms serve are part of the page."""
    folded = True
    while folded:
        page.evaluate(DRAWN)
        expect(page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE)
        folded = page.evaluate(UNFOLD)


def look_over(page: Page, width: int) -> list[str]:
    found = []
    for violation in Axe().run(page, options=RULES).response["violations"]:
        where = [node["target"] for node in violation["nodes"]][:4]
        found.append(f"{violation['id']}: {violation['help']} at {where}")
    found += [f"{name} moves, though the reader wants no motion" for name in page.evaluate(MOVES)]
    page.keyboard.press("Tab")
    found += page.evaluate(UNSEEN)
    found += _unfit(page, width, "")
    if width < 1000:
        page.set_viewport_size({"width": NARROW, "height": 800})
        found += _unfit(page, NARROW, "")
        page.set_viewport_size({"width": width, "height": 800})
    if FULL or width > 1000:
        page.context.new_cdp_session(page).send("Page.setFontSizes", DOUBLE)
        found += _unfit(page, width, " with text of twice the size")
    return found


def _unfit(page: Page, width: int, how: str) -> list[str]:
    found = [f"at {width} px{how} text is cut off: {each}" for each in page.evaluate(CUT_OFF)]
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        found.append(f"is {wide} px wide on a screen of {width}{how}: {page.evaluate(TOO_WIDE, width)}")
    return found
