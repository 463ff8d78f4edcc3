"""The comparison's pages in a browser: fit for everybody, on a small screen, in the dark, and without motion."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from messaging.comparison import keeping
from messaging.comparison.notes import Notes, Result
from messaging.comparison.sources import RETENTION
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_order_to_door import PATIENCE, signed_in
from tests.browser.watch import Watch
from tests.system import running
from tests.waiting import wait_for

ANSWERS = {"who": "act", "runs": "people", "much": "many", "again": "ever", "soon": "now", "order": "key"}


def played() -> None:
    notes = Notes(drawing={"parties": 4, "takers": [0, 1, 2, 3] * 6})
    notes.do("1,000 messages")
    notes.sqs("1,000 of 1,000 messages were seen by exactly one receiver")
    notes.table("Who got how many", ("", "no. 1", "together"), (("receivers of the queue", 250, 1000),))
    notes.build("SQS: a queue for every reader")
    notes.cite(RETENTION)
    other = Notes(drawing={"parties": [1, 2, 4, 8], "receivers": [50, 90, 170, 250], "members": [60, 110, 190, 190]})
    other.kafka("of 8 members 3 had nothing to do", held=False)
    run = keeping.begin(["who", "scale"], quick=True)
    keeping.note(run, Result("who", "A message goes to one.", notes, 2.0))
    keeping.note(run, Result("scale", "As many as you like.", other, 3.0))
    keeping.end(run)


def must_be_fit(page: Page) -> None:
    """No violation that axe knows, and nothing that has to be scrolled sideways."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_are_fit_for_everybody_and_an_operator_has_it_played() -> None:
    # given: a run of two statements, and a web server
    played()
    factories.make_operator()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = signed_in(browser, watch, system, "operator")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        # then: both pages pass, wide and by day, narrow and by night
        for scheme, width in (("light", 1200), ("dark", 320)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 800})
            for address in ("/compare", "/choose", f"/choose?{urlencode(ANSWERS)}"):
                page.goto(address)
                must_be_fit(page)
        # and: who wants no motion sees the dots where they fell
        page.goto("/compare")
        assert page.locator(".who .flies").first.evaluate("dot => getComputedStyle(dot).animationName") == "none"
        page.emulate_media(reduced_motion="no-preference")
        assert page.locator(".who .flies").first.evaluate("dot => getComputedStyle(dot).animationName") == "fly"

        # when: the operator presses the button and somebody plays
        page.get_by_role("button", name="Run again").click()
        expect(page.get_by_text("Asked for; a worker begins")).to_be_visible(timeout=PATIENCE)
        must_be_fit(page)
        asked = keeping.open_run()
        assert asked is not None
        run = keeping.take(asked.pk)
        assert run is not None
        # then: the page follows, and in the end shows what came of it
        expect(page.get_by_text("Trying 1 of")).to_be_visible(timeout=PATIENCE)
        notes = Notes()
        notes.kafka("read again from its first offset")
        keeping.note(run, Result("replay", "Kafka can be read again.", notes, 1.0))
        keeping.end(run)
        expect(page.get_by_text("read again from its first offset")).to_be_visible(timeout=PATIENCE)
        wait_for(lambda: page.get_by_role("button", name="Run again").is_visible(), within=10, what="the button again")
    assert (watch.errors, watch.outside) == ([], [])
