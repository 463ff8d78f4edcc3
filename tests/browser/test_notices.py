"""Hearing of an order in a real browser: the inbox fills by itself, the mail is there to read, and its link lets go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from messaging import topology
from notifications.models import Preference
from orders import lifecycle
from orders.lifecycle import Actor
from orders.payments import tasks as payments
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_order_to_door import PATIENCE, signed_in
from tests.browser.watch import Watch
from tests.notifications.receiver import Receiver
from tests.system import running


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_an_order_is_told_in_the_inbox_and_its_receipt_by_mail(
    namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: Alice looks at her empty inbox
    alice = factories.alice()
    alice.email = "alice@forkroad.example"
    alice.save()
    topology.apply()
    receiver, watch = Receiver(tmp_path / "received.sqlite3"), Watch()
    env = receiver.env() | {"NOTICE_TIMEOUT_SECONDS": "20"}
    with running("web", "relay", "consume", "worker", env=env) as system, chromium() as browser:
        page = signed_in(browser, watch, system, "alice")
        page.get_by_role("link", name="Inbox").click()
        expect(page.get_by_text("Nothing yet.")).to_be_visible()
        expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)

        # when: her order is brought and paid
        order = factories.paid_order(alice)
        lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
        lifecycle.mark_ready(order.id, by=Actor("restaurant"))
        lifecycle.pick_up(order.id, by=Actor("courier", 1))
        lifecycle.deliver(order.id, by=Actor("courier", 1))
        payments.capture(order=str(order.id))

        # then: she has heard of it without touching anything
        expect(page.locator("#inbox li")).to_have_count(5, timeout=PATIENCE)
        expect(page.locator("#inbox")).to_contain_text("Your receipt from Soup Kitchen")
        expect(page.locator("#unread")).to_contain_text("5", timeout=PATIENCE)

        # when: she opens one
        receipt = page.locator("#inbox li", has_text="Your receipt from Soup Kitchen")
        receipt.get_by_role("button", name="Open").click()

        # then: it leads to the order, and is no news any more
        expect(page).to_have_url(f"{system.url}/orders/{order.id}/", timeout=PATIENCE)
        expect(page.locator("#unread")).to_contain_text("4", timeout=PATIENCE)

        # when: she reads the mail, and follows its link
        page.goto("/mail/")
        page.get_by_role("link", name="Your receipt from Soup Kitchen").click()
        mail = page.frame_locator("iframe.mail")
        expect(mail.locator(".total td")).to_have_text("€\u202f11.90")
        # The frame runs no script, axe's neither.
        assert [each["id"] for each in Axe().run(page, options={"iframes": False}).response["violations"]] == []
        with page.context.expect_page() as opened:
            mail.get_by_role("link", name="No more e-mail of this kind").click()
        opened.value.get_by_role("button", name="Stop it").click()

        # then: that kind is off, and no other
        expect(opened.value.get_by_role("heading", name="Done")).to_be_visible(timeout=PATIENCE)
        said = Preference.objects.values_list("user__username", "kind", "channel", "wanted")
        assert list(said) == [("alice", "receipt", "email", False)]
    assert watch.errors == []
    assert watch.outside == []
    receiver.stop()
