"""Web push to a real endpoint that checks the signature and decrypts; browsers come by the page and go by 410."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications.asking import ask
from notifications.channels import TryLater
from notifications.devices import MOST, add_device
from notifications.models import Device, Notice
from notifications.sending import deliver
from notifications.vapid import public_key

from .receiver import Receiver
from .telling import Story, person, read_story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

State = Notice.State


def browser(user: User, receiver: Receiver) -> Device:
    return add_device(user, receiver.subscribe(public_key()), label="Firefox on Linux")


def gone(device: Device, receiver: Receiver) -> None:
    """Its user took the permission back: the push service says 410 from now on."""
    httpx.delete(f"{receiver.url}/browsers/{device.endpoint.rpartition('/')[2]}").raise_for_status()


def on_its_way(user: User) -> Notice:
    """A push notice that waits to be sent."""
    read_story(Story(user))
    return Notice.objects.get(kind="picked_up", channel="push")


def test_every_browser_of_the_account_can_read_it(receiver: Receiver) -> None:
    alice = person()
    browsers = {browser(alice, receiver).endpoint.rpartition("/")[2] for _ in range(2)}
    browser(person("bob"), receiver)
    notice = on_its_way(alice)

    deliver(notice.pk)

    notice.refresh_from_db()
    took = receiver.pushes()
    assert {push["token"] for push in took} == browsers
    assert {push["sender"] for push in took} == {"mailto:notices@forkroad.example"}
    assert [json.loads(push["payload"]) for push in took] == [
        {
            "title": "Your order is on its way",
            "body": "The courier has left Soup & Sons with it.",
            "link": f"/orders/{notice.about}/",
            "tag": f"notice-{notice.pk}",
        }
    ] * 2
    assert (notice.state, notice.attempts) == (State.SENT, 1)
    assert notice.provider_id.startswith(f"{receiver.url}/message/")


def test_a_browser_that_is_gone_is_forgotten_and_the_others_hear(receiver: Receiver) -> None:
    alice = person()
    first, second = browser(alice, receiver), browser(alice, receiver)
    notice = on_its_way(alice)
    gone(first, receiver)

    deliver(notice.pk)

    notice.refresh_from_db()
    assert notice.state == State.SENT
    assert list(Device.objects.all()) == [second]
    assert len(receiver.pushes()) == 1


def test_when_the_last_browser_is_gone_nothing_is_sent(receiver: Receiver) -> None:
    alice = person()
    only = browser(alice, receiver)
    notice = on_its_way(alice)
    gone(only, receiver)

    deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, notice.reason) == (
        State.SKIPPED,
        "no browser of the account takes push messages any more",
    )
    assert not Device.objects.exists()
    # And nothing is promised on this channel from now on.
    assert ask(event_id=uuid.uuid4(), recipient=alice.pk, kind="accepted", about=notice.about).commands == 0


def test_a_push_service_that_is_away_is_tried_again(receiver: Receiver, settings: Any) -> None:
    alice = person()
    device = browser(alice, receiver)
    notice = on_its_way(alice)
    settings.WEBPUSH_LOCAL_URL = "http://127.0.0.1:1"
    Device.objects.filter(pk=device.pk).update(endpoint="http://127.0.0.1:1/push/x")

    with pytest.raises(TryLater):
        deliver(notice.pk)

    notice.refresh_from_db()
    assert notice.state == State.QUEUED
    assert Device.objects.filter(pk=device.pk).exists()


def test_a_subscription_for_another_senders_key_is_refused(receiver: Receiver, settings: Any) -> None:
    alice = person()
    browser(alice, receiver)
    notice = on_its_way(alice)
    settings.SECRET_KEY = "another site's"

    deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, "403" in notice.reason) == (State.FAILED, True)
    assert receiver.pushes() == []


@pytest.mark.parametrize(
    "sent",
    [
        {},
        [],
        {"endpoint": "https://push.evil.example/x", "keys": {"p256dh": "a", "auth": "b"}},
        {"endpoint": "http://169.254.169.254/latest/meta-data", "keys": {"p256dh": "a", "auth": "b"}},
        {"endpoint": "https://fcm.googleapis.com.evil.example/x", "keys": {"p256dh": "a", "auth": "b"}},
        {"endpoint": "http://fcm.googleapis.com/x", "keys": {"p256dh": "a", "auth": "b"}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "a"}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "a\n", "auth": "b"}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": "none"},
    ],
)
def test_the_server_is_not_led_to_post_elsewhere(sent: Any) -> None:
    client = Client()
    client.force_login(person())

    answer = client.post(reverse("notifications:add-device"), sent, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_subscription")
    assert not Device.objects.exists()


def test_the_button_keeps_this_browser_once(receiver: Receiver) -> None:
    alice, client = person(), Client()
    client.force_login(alice)
    subscription = receiver.subscribe(public_key())
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

    for _ in range(2):
        answer = client.post(
            reverse("notifications:add-device"),
            json.dumps(subscription | {"expirationTime": None}),
            content_type="application/json",
            headers={"User-Agent": agent},
        )
        assert answer.status_code == 201

    (device,) = Device.objects.all()
    assert (device.user, device.label) == (alice, "Firefox on Linux")


def test_the_oldest_browser_makes_room(receiver: Receiver) -> None:
    alice = person()
    first = browser(alice, receiver)
    for _ in range(MOST):
        browser(alice, receiver)

    assert Device.objects.filter(user=alice).count() == MOST
    assert not Device.objects.filter(pk=first.pk).exists()


def test_nobody_removes_anothers_browser(receiver: Receiver) -> None:
    device = browser(person(), receiver)
    stranger = Client()
    stranger.force_login(person("bob"))

    stranger.post(reverse("notifications:remove-device", args=[device.pk]))

    assert Device.objects.filter(pk=device.pk).exists()
