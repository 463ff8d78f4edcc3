"""What an e-mail says: the receipt's figures are the events', and its ways out work."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from notifications.kinds import KINDS, kinds_for
from notifications.models import Channel, Notice, Preference
from notifications.sending import deliver
from notifications.unsubscribing import unsubscribe_url

from .receiver import Receiver
from .telling import Story, fact, person, read, read_story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]


def send_all() -> None:
    for pk in Notice.objects.filter(channel="email", state="queued").order_by("pk").values_list("pk", flat=True):
        deliver(pk)


def amounts(text: str) -> list[str]:
    return re.findall(r"€\u202f[\d,]+\.\d\d", text)


def test_a_receipt_tells_lines_fees_and_total_as_the_events_do(receiver: Receiver) -> None:
    story = Story(person())
    read_story(story)
    send_all()

    mail = receiver.mail(words="receipt")

    placed = story.placed()
    lines = [line.quantity * line.unit_price for line in placed.lines]
    assert sum(lines) == placed.subtotal
    figures = [placed.total, *lines, placed.subtotal, placed.delivery_fee, placed.total, placed.total]
    expected = [f"€\u202f{minor // 100}.{minor % 100:02d}" for minor in figures]
    assert amounts(mail["text"]) == amounts(mail["html"]) == expected
    assert "2 x Soup (Bread)" in mail["text"]
    # Text is written as it is, HTML is not led astray by it.
    assert "1 x Cake <b>" in mail["text"]
    assert "1 × Cake &lt;b&gt;" in mail["html"]
    assert (mail["recipients"], mail["subject"]) == ("alice@forkroad.example", "Your receipt from Soup & Sons")


def test_every_kind_has_words_for_every_channel(receiver: Receiver) -> None:
    alice = person()
    for kind in kinds_for("customer"):
        Preference.objects.create(user=alice, kind=kind.name, channel=Channel.EMAIL, wanted=True)
    story = Story(alice)
    read_story(story)
    lost = Story(alice)
    read([fact(lost.order, 1, lost.placed()), lost.cancelled()])

    send_all()

    told = [mail["subject"] for mail in receiver.mails()]
    assert told == [
        "We have your order at Soup & Sons",
        "Soup & Sons cooks your order",
        "A courier has your order",
        "Your order is on its way",
        "Your order was delivered",
        "Your receipt from Soup & Sons",
        "€ 4.50 is given back to you",
        "We have your order at Soup & Sons",
        "Your order was cancelled",
    ]
    assert "kitchen on fire" in receiver.mail(words="cancelled")["text"]
    assert not Notice.objects.exclude(state="sent").exists()


def test_a_restaurants_name_adds_no_header(receiver: Receiver) -> None:
    read_story(Story(person(), restaurant="Soup\r\nBcc: everybody@forkroad.example"))
    send_all()

    mail = receiver.mail(words="receipt")

    assert mail["recipients"] == "alice@forkroad.example"
    assert "bcc" not in {name.lower() for name, _ in mail["headers"]}


def header(mail: dict[str, Any], name: str) -> str:
    (found,) = (value for key, value in mail["headers"] if key.lower() == name.lower())
    # A long one begins on a line of its own.
    return str(found).strip()


def test_one_post_from_the_mailbox_unsubscribes(receiver: Receiver) -> None:
    alice = person()
    read_story(Story(alice))
    send_all()
    mail = receiver.mail(words="receipt")
    address = header(mail, "List-Unsubscribe").strip("<>")
    assert header(mail, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert address in mail["text"]
    path = urlsplit(address).path
    stranger = Client(enforce_csrf_checks=True)

    # given: programs follow links
    asked = stranger.get(path)
    assert asked.status_code == 200
    assert not Preference.objects.exists()

    # when
    done = stranger.post(path, {"List-Unsubscribe": "One-Click"})

    # then: no more receipts, and everything else as before
    assert done.status_code == 200
    (said,) = Preference.objects.values_list("user", "kind", "channel", "wanted")
    assert said == (alice.pk, "receipt", "email", False)
    read_story(Story(alice))
    send_all()
    assert len(receiver.mails(words="receipt")) == 1
    assert len(receiver.mails(words="given back")) == 2


def test_a_person_may_leave_all_of_it() -> None:
    alice = person()
    path = urlsplit(unsubscribe_url(alice.pk, "refund")).path

    Client().post(path, {"scope": "everything"})

    off = set(Preference.objects.filter(user=alice, wanted=False).values_list("kind", "channel"))
    assert off == {(kind.name, "email") for kind in kinds_for("customer")}


@pytest.mark.parametrize("token", ["nonsense", "WzEsInJlY2VpcHQiXQ:forged", "x" * 500])
def test_a_forged_link_does_nothing(token: str) -> None:
    person()

    assert Client().post(f"/notices/unsubscribe/{token}/").status_code == 404
    assert not Preference.objects.exists()


def test_defaults_are_offered() -> None:
    for kind in KINDS.values():
        assert kind.defaults <= kind.offered
