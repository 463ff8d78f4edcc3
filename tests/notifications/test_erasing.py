"""The right to be forgotten, here: inbox, choices, browsers, restaurants, and the mail of the demo's receiver."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from accounts.erasing import CannotErase, erase
from accounts.models import User
from analytics.audit.verify import verify
from config.verify.notices import facts_are_told
from notifications.followers import follow
from notifications.models import Device, Follower, Notice, Post, Preference
from notifications.preferences import say
from notifications.sending import deliver
from notifications.vapid import public_key
from orders import lifecycle
from orders.lifecycle import Actor
from tests import factories
from tests.accounts.test_erasing import read_into_audit
from tests.fanout.conftest import fan_out, make_post
from tests.fanout.conftest import taken as taken

from .receiver import Receiver
from .telling import person, read_order
from .test_push import browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

#: What holds something of a person in this room.
TABLES = ("notice", "preference", "device", "follower", "ordertext", "post")


def known(user: User, receiver: Receiver, restaurant: int) -> None:
    """Let the room know somebody as well as it can: mail and push sent, choices said, a restaurant followed."""
    order = factories.paid_order(user)
    lifecycle.cancel(order.pk, by=Actor("customer", user.pk), reason="changed my mind")
    browser(user, receiver)
    say(user.pk, "placed", "email", wanted=True)
    follow(restaurant, user_id=user.pk)
    read_order(order)
    send_all()


def send_all() -> None:
    for pk in Notice.objects.filter(state="queued").order_by("pk").values_list("pk", flat=True):
        deliver(pk)


def of(user: User) -> dict[str, int]:
    rows = {"notices": Notice.objects.filter(recipient=user), "choices": Preference.objects.filter(user=user)}
    rows |= {"browsers": Device.objects.filter(user=user), "follows": Follower.objects.filter(user=user)}
    return {name: found.count() for name, found in rows.items()}


def test_one_person_is_forgotten_whole_and_another_not_at_all(
    receiver: Receiver, taken: list[Any], tmp_path: Path
) -> None:
    zorro, alice = person("zorro"), person("alice")
    zorro.email = "zorro.before@forkroad.example"
    zorro.save()
    shop = factories.make_restaurant()
    for user in (zorro, alice):
        known(user, receiver, shop.pk)
    fan_out(make_post(restaurant=shop.pk))
    # He has moved on to another address since; the old one stands on what was sent.
    zorro.email = "zorro@forkroad.example"
    zorro.save()
    order = factories.paid_order(zorro)
    lifecycle.cancel(order.pk, by=Actor("customer", zorro.pk), reason="changed my mind")
    read_order(order)
    send_all()
    read_into_audit()
    before = verify()
    kept = of(alice)
    mails = [mail for mail in receiver.mails() if mail["recipients"] == alice.email]
    assert {mail["recipients"] for mail in receiver.mails()} == {
        "zorro.before@forkroad.example",
        "zorro@forkroad.example",
        "alice@forkroad.example",
    }
    assert min(*of(zorro).values(), *kept.values(), len(receiver.pushes()), before.entries) > 0

    erase(zorro)

    assert of(zorro) == {"notices": 0, "choices": 0, "browsers": 0, "follows": 0}
    assert of(alice) == kept
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM notifications_{table} t")
            assert "zorro" not in cursor.fetchone()[0], table
    assert receiver.mails() == mails
    tokens = {device.endpoint.rpartition("/")[2] for device in Device.objects.filter(user=alice)}
    assert {push["token"] for push in receiver.pushes()} == tokens
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("received.sqlite3"))
    assert b"zorro" not in stored, "nor in what the file has no more use for"
    # What happened stays: the chain holds, and nobody misses the notices of somebody who is gone.
    after = verify()
    assert (after.findings, after.heads) == ([], before.heads)
    assert list(facts_are_told()) == []
    assert Post.objects.count() == 1


def test_nothing_more_is_written_to_who_was_forgotten(receiver: Receiver) -> None:
    zorro = person("zorro")
    known(zorro, receiver, 1)
    order = factories.paid_order(zorro)
    lifecycle.cancel(order.pk, by=Actor("customer", zorro.pk), reason="changed my mind")
    read_order(order)
    waiting = list(Notice.objects.filter(state="queued").values_list("pk", flat=True))
    assert waiting

    erase(zorro)
    for pk in waiting:
        deliver(pk)

    assert (receiver.mails(), receiver.pushes()) == ([], [])


def test_nobody_is_forgotten_in_the_middle_of_a_letter_to_them() -> None:
    zorro = person("zorro")
    notice = Notice.objects.create(event_id=uuid.uuid4(), recipient=zorro, channel="email", kind="receipt")
    held = Notice.objects.filter(pk=notice.pk)
    held.update(state="sending", lease=uuid.uuid4(), leased_until=Now() + timedelta(minutes=1))

    with pytest.raises(CannotErase, match="at this moment"):
        erase(zorro)
    assert User.objects.filter(username="zorro", is_active=True).exists()

    # Its worker died: the lease has run out.
    held.update(leased_until=Now() - timedelta(seconds=1))
    erase(zorro)
    assert not Notice.objects.exists()


def test_while_the_receiver_is_away_nothing_is_erased(receiver: Receiver, settings: Any) -> None:
    zorro = person("zorro")
    known(zorro, receiver, 1)
    before = of(zorro)
    there, settings.RECEIVER_URL = settings.RECEIVER_URL, "http://127.0.0.1:1"
    with pytest.raises(CommandError, match=r"nothing was erased: the receiver .* start it first"):
        call_command("erase", "zorro")
    assert (of(zorro), User.objects.filter(username="zorro").exists()) == (before, True)
    settings.RECEIVER_URL = there
    call_command("erase", "zorro")
    assert receiver.mails() == []


def test_the_receiver_forgets_what_it_is_told_to(receiver: Receiver) -> None:
    import httpx

    mine, other = (receiver.subscribe(public_key())["endpoint"].rpartition("/")[2] for _ in range(2))
    answer = httpx.post(f"{receiver.url}/forget", json={"addresses": ["nobody@x"], "tokens": [mine, "unknown"]})
    assert json.loads(answer.content) == {"mails": 0, "pushes": 0, "browsers": 1}
    assert httpx.delete(f"{receiver.url}/browsers/{mine}").status_code == 404
    assert httpx.delete(f"{receiver.url}/browsers/{other}").status_code == 200
