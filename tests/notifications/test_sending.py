"""Sending one notice: its lease, its states, and what comes of each failure. The mail server is real."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.template import TemplateSyntaxError

from messaging.models import DeadLetter
from notifications.asking import ask
from notifications.channels import TryLater, email
from notifications.models import Channel, Notice
from notifications.preferences import say
from notifications.retrying import retry
from notifications.sending import LeaseHeld, deliver

from .receiver import Receiver
from .telling import Story, commands, person, read_story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

State = Notice.State


def receipt(story: Story | None = None) -> Notice:
    read_story(story or Story(person()))
    return Notice.objects.get(kind="receipt", channel="email")


def test_a_mail_goes_out_once_however_often_its_command_comes(receiver: Receiver) -> None:
    read_story(Story(person()))
    orders = commands() * 10
    random.Random(7).shuffle(orders)

    for command in orders:
        deliver(command["notice"])

    sent = Notice.objects.filter(channel="email")
    assert {(notice.state, notice.attempts, notice.lease) for notice in sent} == {(State.SENT, 1, None)}
    assert sorted(mail["message_id"] for mail in receiver.mails()) == sorted(notice.provider_id for notice in sent)
    assert len({notice.provider_id for notice in sent}) == 2


def test_a_message_whose_lease_another_holds_is_not_acknowledged(receiver: Receiver) -> None:
    notice = receipt()
    Notice.objects.filter(pk=notice.pk).update(
        state=State.SENDING, lease=uuid.uuid4(), leased_until=Now() + timedelta(minutes=1)
    )

    with pytest.raises(LeaseHeld):
        deliver(notice.pk)

    assert receiver.mails() == []


def test_after_a_crash_the_copy_has_the_same_message_id(receiver: Receiver) -> None:
    notice = receipt()
    # What a worker leaves that is killed after the provider took the mail, and before its own commit.
    email.EmailSender().send(notice)
    Notice.objects.filter(pk=notice.pk).update(
        state=State.SENDING, attempts=1, lease=uuid.uuid4(), leased_until=Now() - timedelta(seconds=1)
    )

    deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == (State.SENT, 2)
    assert [mail["message_id"] for mail in receiver.mails()] == [email.message_id(notice)] * 2


def test_no_server_is_tried_again_and_at_last_said_to_have_failed(receiver: Receiver, settings: Any) -> None:
    notice = receipt()
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    for attempt in range(1, settings.MAX_RECEIVES + 1):
        with pytest.raises(TryLater):
            deliver(notice.pk)
        notice.refresh_from_db()
        assert notice.attempts == attempt
        assert notice.state == (State.FAILED if attempt == settings.MAX_RECEIVES else State.QUEUED)
        assert notice.reason.startswith("TryLater: no mail server")

    # when: it is back, and the message is redriven from the dead letters
    settings.EMAIL_PORT = port
    deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, notice.reason, len(receiver.mails())) == (State.SENT, "", 1)


@pytest.mark.parametrize(("code", "state"), [(550, State.FAILED), (451, State.QUEUED)])
def test_a_refusal_for_good_is_not_tried_again(code: int, state: str, receiver: Receiver) -> None:
    alice = person()
    alice.email = f"refused-{code}@forkroad.example"
    alice.save()
    notice = receipt(Story(alice))

    if code == 451:
        with pytest.raises(TryLater):
            deliver(notice.pk)
    else:
        deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, notice.attempts, str(code) in notice.reason) == (state, 1, True)
    assert receiver.mails() == []


def test_what_was_turned_off_after_the_promise_is_not_sent(receiver: Receiver) -> None:
    notice = receipt()
    say(notice.recipient_id, "receipt", Channel.EMAIL, wanted=False)

    deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, notice.reason) == (State.SKIPPED, "turned off by its recipient")
    assert receiver.mails() == []


def test_a_text_whose_order_is_not_known_yet_waits_for_it(receiver: Receiver) -> None:
    alice = person()
    story = Story(alice)
    ask(event_id=uuid.uuid4(), recipient=alice.pk, kind="receipt", about=story.order, facts={"captured": 2740})
    notice = Notice.objects.get(channel="email")

    with pytest.raises(TryLater, match="has not arrived yet"):
        deliver(notice.pk)
    read_story(story)
    deliver(notice.pk)

    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == (State.SENT, 2)


def test_a_poisoned_template_stops_its_own_kind_alone(receiver: Receiver, settings: Any, tmp_path: Any) -> None:
    read_story(Story(person()))
    broken = tmp_path / "notices" / "refund"
    broken.mkdir(parents=True)
    (broken / "mail.html").write_text("{% nonsense %}")
    good = settings.TEMPLATES
    settings.TEMPLATES = [{**good[0], "DIRS": [tmp_path, *good[0]["DIRS"]]}]
    poisoned, healthy = (Notice.objects.get(kind=kind, channel="email") for kind in ("refund", "receipt"))

    with pytest.raises(TemplateSyntaxError):
        deliver(poisoned.pk)
    deliver(healthy.pk)

    poisoned.refresh_from_db()
    assert (poisoned.state, poisoned.reason.partition(":")[0]) == (State.QUEUED, "TemplateSyntaxError")
    assert [mail["subject"] for mail in receiver.mails()] == ["Your receipt from Soup & Sons"]

    # when: it is repaired, and the command comes again
    settings.TEMPLATES = good
    deliver(poisoned.pk)

    assert len(receiver.mails()) == 2
    assert not DeadLetter.objects.exists()


def test_asking_again_sends_what_failed_and_leaves_the_rest_alone(receiver: Receiver) -> None:
    read_story(Story(person()))
    commands()
    failed, sent = Notice.objects.filter(channel="email").order_by("pk")
    Notice.objects.filter(pk=failed.pk).update(state=State.FAILED, attempts=8)
    Notice.objects.filter(pk=sent.pk).update(state=State.SENT)
    inbox = Notice.objects.filter(channel="inbox").values_list("pk", flat=True)

    assert retry([failed.pk, sent.pk, *inbox]) == 1
    assert retry([failed.pk]) == 0

    assert commands() == [{"notice": failed.pk}]
    deliver(failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (State.SENT, 9)


def test_a_command_of_a_notice_that_is_gone_is_done(receiver: Receiver) -> None:
    notice = receipt()
    notice.recipient.delete()

    deliver(notice.pk)

    assert receiver.mails() == []
