"""Push messages in a real Chromium: the page's button, the service worker that shows them, and a post on its way.

Chromium subscribes at its maker's push service and lets no other be named: without a profile, as here, it says
"permission denied" though the permission is granted, and with one it waits for that service. So that one call is
answered by the demo's own push service, which makes a real subscription. All around it is real: the page's script, the
permission, the worker's registration, the encrypted message as that service took it, and its delivery to the worker by
the browser's own debugger.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from messaging import topology
from messaging.envelope import decode, encode_headers
from messaging.models import OutboxRow
from notifications.fanout import posts, splitting, telling
from notifications.models import Device, Notice, Post, PostRange
from notifications.sending import deliver
from notifications.vapid import public_key
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_order_to_door import PATIENCE, signed_in
from tests.browser.watch import Watch
from tests.fanout.conftest import make_followers
from tests.notifications.conftest import receiver as receiver
from tests.notifications.receiver import Receiver
from tests.system import running

#: What stands in for the browser's maker: the key that the page asks with goes to the local push service.
STAND_IN = """PushManager.prototype.subscribe = async function (options) {
    const raw = String.fromCharCode(...new Uint8Array(options.applicationServerKey));
    const key = btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const made = await window.subscribeLocally(key, options.userVisibleOnly);
    return { toJSON: () => made };
}"""

SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map((each) => ({ title: each.title, body: each.body, tag: each.tag, link: each.data.link }))"""


def registration_of(page: Page) -> tuple[Any, str]:
    """The debugger's session and the number under which the browser knows the page's worker."""
    session = page.context.new_cdp_session(page)
    known: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: known.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    for _ in range(100):
        found = [each["registrationId"] for each in known if each["scopeURL"].endswith("/notices/")]
        if found:
            return session, found[-1]
        page.wait_for_timeout(100)
    raise AssertionError("the browser knows of no worker for /notices/")


def subscribe(page: Page, receiver: Receiver) -> list[tuple[str, bool]]:
    """Press the button of the settings page; with what its script asked for a subscription."""
    asked: list[tuple[str, bool]] = []

    def answer(key: str, visible: bool) -> dict[str, Any]:
        asked.append((key, visible))
        return receiver.subscribe(key)

    page.context.expose_function("subscribeLocally", answer)
    page.add_init_script(STAND_IN)
    page.goto("/notices/settings/")
    page.get_by_role("button", name="Send them to this browser").click()
    expect(page.get_by_role("button", name="Remove Chrome on Linux")).to_be_visible(timeout=PATIENCE)
    return asked


def begin(row: OutboxRow) -> Post:
    """The post as the group `followers` writes it down when it reads what the outbox owes."""
    headers = encode_headers(
        event_id=row.message_id,
        type=row.type,
        key=row.key,
        sequence=row.sequence,
        time=row.time,
        recorded_at=row.recorded_at,
    )
    event = decode(headers, bytes(row.payload), topic=row.destination)
    assert event is not None
    with transaction.atomic():
        posts.begin([event], generation=1)
    return Post.objects.get(pk=event.id)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_post_goes_out_and_reaches_a_browser_as_a_push_message(namespace: str, receiver: Receiver) -> None:
    # given: a restaurant with three followers, and Alice, who follows it as well
    alice, restaurant = factories.alice(), factories.make_restaurant()
    make_followers(3, restaurant=restaurant.pk)
    topology.apply()
    watch = Watch()
    with running("web", env=receiver.env()) as system, chromium() as browser:
        page = signed_in(browser, watch, system, "alice")
        page.context.grant_permissions(["notifications"], origin=system.url)
        page.goto("/restaurants/soup-kitchen/")
        page.get_by_role("button", name="Follow").click()
        expect(page.get_by_role("button", name="Stop following")).to_be_visible(timeout=PATIENCE)

        # when: she presses the button
        asked = subscribe(page, receiver)

        # then: the page asked its own worker's push manager, with the site's key, for messages that are shown
        assert asked == [(public_key(), True)]
        device = Device.objects.get()
        assert (device.user, device.endpoint.startswith(f"{receiver.url}/push/")) == (alice, True)
        session, number = registration_of(page)

        # when: the restaurant posts, and then half of its followers are told
        kitchen = signed_in(browser, watch, system, "r-soup-kitchen")
        kitchen.goto("/kitchen/")
        kitchen.get_by_label("Your post").fill("Kitchen open late, 20 % off")
        kitchen.get_by_role("button", name="Post it").click()
        expect(kitchen.get_by_text("your followers are being told")).to_be_visible(timeout=PATIENCE)
        splitting.split(begin(OutboxRow.objects.get(type="restaurant.posted")).pk, size=2)
        first, second = PostRange.objects.order_by("first")
        # A page that has seen no post yet looks every ten seconds only.
        kitchen.reload()
        shown = kitchen.locator("#posts")
        expect(shown).to_contain_text("0 of 4 told: 0 %", timeout=PATIENCE)
        telling.tell(first.pk)

        # then: the bar on its page moves by itself
        expect(shown).to_contain_text("2 of 4 told: 50 %", timeout=PATIENCE)
        expect(shown.locator("progress")).to_have_attribute("value", "2")
        telling.tell(second.pk)
        expect(shown).to_contain_text("Told 4 followers.", timeout=PATIENCE)
        expect(shown.locator("progress")).to_have_count(0)

        # when: a worker sends Alice's message, and the browser hands what came to the page's worker, twice
        notice = Notice.objects.get(channel="push")
        deliver(notice.pk)
        (push,) = receiver.pushes()
        assert push["token"] == device.endpoint.rpartition("/")[2]
        for _ in range(2):
            sent = {"origin": system.url, "registrationId": number, "data": push["payload"]}
            session.send("ServiceWorker.deliverPushMessage", sent)

        # then: it is shown, once
        page.wait_for_function(f"({SHOWN})().then((found) => found.length > 0)", timeout=PATIENCE)
        assert page.evaluate(SHOWN) == [
            {
                "title": "News from Soup Kitchen",
                "body": "Kitchen open late, 20 % off",
                "tag": f"notice-{notice.pk}",
                "link": "/restaurants/soup-kitchen/",
            }
        ]
    assert watch.errors == []
    assert watch.outside == []
