"""Inbox, preferences and the demo's mail: each sees their own, all of it without JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from config.embedded.ports import HOST
from config.live.viewers import Viewer
from messaging.envelope import Envelope
from notifications.events import NoticeGiven
from notifications.kinds import kinds_for
from notifications.models import Device, Notice, Preference
from notifications.retrying import retry
from notifications.sending import deliver
from notifications.vapid import public_key
from tests import factories
from tests.notifications.receiver import Receiver
from tests.notifications.telling import Story, commands, person, read_story

from .conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]


@pytest.fixture
def receiver(tmp_path: Path, settings: Any) -> Iterator[Receiver]:
    there = Receiver(tmp_path / "received.sqlite3")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = HOST, there.smtp_port, 20
    settings.RECEIVER_URL = settings.WEBPUSH_LOCAL_URL = there.url
    yield there
    there.stop()


def test_the_inbox_shows_its_owners_notices_alone() -> None:
    alice, bob = person(), person("bob")
    read_story(Story(alice, restaurant="Trattoria"))
    read_story(Story(bob, restaurant="Sushi Bar"))

    page = sign_in(alice).get(reverse("notifications:inbox")).content.decode()

    assert "Your receipt from Trattoria" in page
    assert "Sushi Bar" not in page
    assert page.count('<span class="pill pill-work">new</span>') == 7
    assert '<span class="unseen">, unread: </span>7' in page


def test_opening_a_notice_marks_it_as_read_and_leads_to_its_order() -> None:
    alice = person()
    story = Story(alice)
    read_story(story)
    client = sign_in(alice)
    notice = Notice.objects.filter(channel="inbox").earliest("pk")

    answer = client.post(reverse("notifications:open", args=[notice.pk]))

    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{story.order}/")
    assert "7" not in client.get(reverse("notifications:unread")).content.decode()
    assert Notice.objects.filter(channel="inbox", read_at=None).count() == 6
    client.post(reverse("notifications:read-all"))
    assert client.get(reverse("notifications:unread")).content.decode().strip() == ""


def test_another_can_neither_open_nor_read_it() -> None:
    read_story(Story(person()))
    notice = Notice.objects.filter(channel="inbox").earliest("pk")
    stranger = sign_in(factories.charlie())

    assert stranger.post(reverse("notifications:open", args=[notice.pk])).status_code == 404
    stranger.post(reverse("notifications:read-all"))
    assert not Notice.objects.exclude(read_at=None).exists()


@pytest.mark.parametrize(
    ("viewer", "hears"),
    [
        (Viewer(Role.CUSTOMER, 7), True),
        (Viewer(Role.CUSTOMER, 8), False),
        (Viewer(Role.OPERATOR, 7), True),
        (Viewer(Role.OPERATOR, 8), False),
        # Of a courier or a restaurant `subject` is not the account.
        (Viewer(Role.COURIER, 7), False),
        (Viewer(Role.RESTAURANT, 7), False),
    ],
)
def test_a_bell_is_heard_by_whom_it_rings_for(viewer: Viewer, hears: bool) -> None:
    now = datetime.now(UTC)
    bell = NoticeGiven(recipient_id=7)

    assert viewer.may_see(Envelope(uuid.UUID(int=1), bell.type, "7", None, now, now, bell)) is hears


def test_a_long_inbox_has_pages() -> None:
    alice = person()
    for _ in range(4):
        read_story(Story(alice))
    client = sign_in(alice)

    first = client.get(reverse("notifications:inbox"))
    second = client.get(reverse("notifications:inbox"), {"before": first.context["older"]})

    assert [len(page.context["notices"]) for page in (first, second)] == [20, 8]
    assert second.context["older"] is None
    assert client.get(reverse("notifications:inbox"), {"before": "x"}).status_code == 200


@pytest.mark.parametrize("name", ["inbox", "preferences", "mails"])
def test_strangers_are_asked_to_sign_in(name: str, anybody: Client) -> None:
    answer = anybody.get(reverse(f"notifications:{name}"))

    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]
    assert anybody.get(reverse("notifications:unread")).content.strip() == b""


def test_a_choice_is_kept_and_only_what_changed_is_written() -> None:
    alice = person()
    client = sign_in(alice)
    page = client.get(reverse("notifications:preferences"))
    ticked = {choice.name for _, choices in page.context["kinds"] for choice in choices if choice.wanted}

    client.post(
        reverse("notifications:preferences"), dict.fromkeys(ticked - {"receipt.email"} | {"placed.email"}, "on")
    )

    said = set(Preference.objects.filter(user=alice).values_list("kind", "channel", "wanted"))
    assert said == {("receipt", "email", False), ("placed", "email", True)}


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.COURIER, Role.RESTAURANT, Role.OPERATOR])
def test_each_role_is_offered_its_own_kinds(role: Role) -> None:
    page = sign_in(person("somebody", role=role)).get(reverse("notifications:preferences"))

    assert page.status_code == 200
    assert [kind for kind, _ in page.context["kinds"]] == kinds_for(role)


def test_there_is_no_mail_page_outside_a_demo() -> None:
    assert sign_in(factories.make_operator()).get(reverse("notifications:mails")).status_code == 404


def test_each_sees_their_own_mail_and_operators_all(receiver: Receiver) -> None:
    alice, mallory = person(), person("malice")
    for one in (alice, mallory):
        read_story(Story(one))
    for command in commands():
        deliver(command["notice"])
    operator = sign_in(factories.make_operator())

    def recipients(client: Client, **query: str) -> set[str]:
        page = client.get(reverse("notifications:mails"), query)
        return {mail["recipients"] for mail in page.context["mails"]}

    both = {"alice@forkroad.example", "malice@forkroad.example"}
    assert recipients(sign_in(alice)) == {"alice@forkroad.example"}
    assert recipients(operator) == both
    assert recipients(operator, words="malice") == {"malice@forkroad.example"}
    assert recipients(operator, words="%") == set()

    number = receiver.mails(to="alice@forkroad.example")[0]["id"]
    for name in ("mail", "mail-html"):
        address = reverse(f"notifications:{name}", args=[number])
        assert sign_in(alice).get(address).status_code == 200
        assert sign_in(mallory).get(address).status_code == 404


def test_a_mail_is_shown_in_a_frame_that_can_do_nothing(receiver: Receiver) -> None:
    alice = person()
    read_story(Story(alice))
    for command in commands():
        deliver(command["notice"])
    client = sign_in(alice)
    number = receiver.mails()[0]["id"]

    page = client.get(reverse("notifications:mail", args=[number]))
    frame = client.get(reverse("notifications:mail-html", args=[number]))

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.content.decode()
    assert "Items: " in page.content.decode()
    policy = frame["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy and "script" not in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


def test_in_a_demo_the_receiver_stands_in_for_a_push_service(receiver: Receiver) -> None:
    alice = person()
    client = sign_in(alice)

    client.post(reverse("notifications:stand-in"))
    read_story(Story(alice))
    for command in commands():
        deliver(command["notice"])

    assert Device.objects.get().user == alice
    page = client.get(reverse("notifications:mails")).content.decode()
    assert "Your order is on its way" in page
    assert "Your order is on its way" not in sign_in(person("bob")).get(reverse("notifications:mails")).content.decode()


def test_a_receiver_that_is_away_is_told(settings: Any) -> None:
    settings.RECEIVER_URL = "http://127.0.0.1:1"

    page = sign_in(person()).get(reverse("notifications:mails"))

    assert "does not answer" in page.content.decode()


def test_the_service_worker_works_below_its_address(anybody: Client) -> None:
    answer = anybody.get(reverse("notifications:worker"))

    assert answer["Content-Type"].startswith("text/javascript")
    assert public_key() and reverse("notifications:worker").startswith(reverse("notifications:inbox"))


def test_an_operator_sees_how_each_went_and_asks_again() -> None:
    read_story(Story(person()))
    commands()
    failed = Notice.objects.get(kind="receipt", channel="email")
    Notice.objects.filter(pk=failed.pk).update(state="failed", reason="TryLater: no mail server", attempts=8)
    client = sign_in(factories.make_operator())
    address = reverse("admin:notifications_notice_changelist")

    assert "TryLater: no mail server" in client.get(address, {"state": "failed"}).content.decode()
    sure = {"confirmed": "yes", "reason": "the mail server is back"}
    client.post(address, {"action": "send_again", "_selected_action": [failed.pk], **sure})

    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("queued", 8)
    assert commands() == [{"notice": failed.pk}]
    assert retry([failed.pk]) == 0
