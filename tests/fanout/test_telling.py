"""A range told: by the same rules as one person, and never twice."""

from __future__ import annotations

import itertools
import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from messaging.sqs.client import queue_url, shared_client
from notifications import asking
from notifications.fanout import duties, posts, sending, splitting, telling
from notifications.models import Channel, Device, Notice, Post, PostRange, Preference

from .conftest import doubles, fan_out, make_followers, make_post, owed, want_email

pytestmark = pytest.mark.django_db


def decisions(event_id: uuid.UUID) -> set[tuple[int, str, str, str]]:
    found = Notice.objects.filter(event_id=event_id)
    return set(found.values_list("recipient_id", "channel", "state", "reason"))


def test_a_range_is_decided_as_each_of_its_people_would_be(taken: list[object]) -> None:
    """Every combination of address, device and three preferences: the statement against `notifications.asking`."""
    cases = list(itertools.product([True, False], [True, False], *[[None, True, False]] * 3))
    make_followers(len(cases))
    people = list(User.objects.order_by("pk"))
    for person, (address, device, *said) in zip(people, cases, strict=True):
        User.objects.filter(pk=person.pk).update(email="x@example.org" if address else "")
        if device:
            Device.objects.create(user=person, endpoint=f"https://push.example/{person.pk}", p256dh="p", auth="a")
        for channel, wanted in zip(Channel, said, strict=True):
            if wanted is not None:
                Preference.objects.create(user=person, kind="post", channel=channel, wanted=wanted)
    post = make_post()
    one_by_one = uuid.uuid4()
    fan_out(post)
    asking.ask_many([asking.Ask(one_by_one, person.pk, "post", "7") for person in people])
    assert decisions(post.pk) == decisions(one_by_one)
    assert {state for _, _, state, _ in decisions(post.pk)} == {"sent", "queued", "skipped"}


def test_what_must_be_sent_is_queued_by_stretches_and_sent_once(
    taken: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_followers(25)
    want_email(1_000_000, 1_000_040)  # 21 of them
    post = make_post()
    fan_out(post, stretch=10)
    assert [kwargs["channel"] for kwargs in taken] == ["email"] * 3
    assert (taken[0]["first"], taken[-1]["last"]) == (1_000_000, 1_000_040)
    sent: list[int] = []

    def deliver(pk: int) -> None:
        sent.append(pk)
        Notice.objects.filter(pk=pk).update(state="sent")

    monkeypatch.setattr(sending, "deliver", deliver)
    for kwargs in [*taken, *taken]:
        sending.send_stretch(**kwargs)
    assert sorted(sent) == sorted(Notice.objects.filter(channel="email").values_list("pk", flat=True))
    assert len(sent) == 21


def test_one_that_fails_gets_a_command_of_its_own_and_holds_up_no_other(
    taken: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_followers(4)
    want_email(1_000_000, 1_000_006)
    fan_out(make_post())
    bad = Notice.objects.get(channel="email", recipient=1_000_002).pk

    def deliver(pk: int) -> None:
        if pk == bad:
            raise RuntimeError("no")
        Notice.objects.filter(pk=pk).update(state="sent")

    monkeypatch.setattr(sending, "deliver", deliver)
    sending.send_stretch(**taken[0])
    assert Notice.objects.filter(channel="email", state="sent").count() == 3
    assert owed("notices.send") == [{"notice": bad}]


def test_a_provider_that_is_away_brings_the_stretch_back_and_fills_no_outbox(
    taken: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_followers(9)
    want_email(1_000_000, 1_000_016)
    fan_out(make_post())

    def deliver(pk: int) -> None:
        raise RuntimeError("away")

    monkeypatch.setattr(sending, "deliver", deliver)
    with pytest.raises(RuntimeError, match="away"):
        sending.send_stretch(**taken[0])
    assert len(owed("notices.send")) == sending.IN_A_ROW - 1


def test_what_there_is_no_time_for_is_owed_anew(taken: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    make_followers(3)
    want_email(1_000_000, 1_000_004)
    post = make_post()
    fan_out(post)
    monkeypatch.setattr(sending, "deliver", lambda pk: Notice.objects.filter(pk=pk).update(state="sent"))
    monkeypatch.setattr(sending, "monotonic", iter([0.0, 0.0, 1e9]).__next__)
    assert sending.send_stretch(**taken[0]) == 1
    assert owed(telling.SEND_STRETCH) == [
        {"post": str(post.pk), "channel": "email", "first": 1_000_002, "last": 1_000_004}
    ]


def test_a_range_is_not_done_before_the_queue_has_its_commands(queues: object, monkeypatch: pytest.MonkeyPatch) -> None:
    make_followers(30)
    want_email(1_000_000, 1_000_058)
    post = make_post()
    splitting.split(post.pk)
    (command,) = owed(splitting.TELL)
    with monkeypatch.context() as patch:
        patch.setattr(telling, "_enqueue", _refuse)
        with pytest.raises(telling.NotTaken):
            telling.tell(command["range"])
    piece = PostRange.objects.get()
    assert (piece.state, piece.told) == (PostRange.State.TOLD, 30)
    assert Post.objects.get().finished_at is None
    assert telling.tell(command["range"], stretch=10)
    assert (PostRange.objects.get().commands, Post.objects.get().finished_at is None) == (3, False)
    answer = shared_client().receive_message(QueueUrl=queue_url("notices"), MaxNumberOfMessages=10, WaitTimeSeconds=5)
    assert len(answer["Messages"]) == 3
    assert not telling.tell(command["range"]), "and a third time there is nothing to do"


def _refuse(commands: Any) -> None:
    raise telling.NotTaken(f"{len(commands)} commands were not taken")


def test_without_the_unique_index_a_repeat_would_tell_everybody_twice(taken: list[object]) -> None:
    """What the other tests count would show it: they look at rows, not at the index."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_notice DROP CONSTRAINT notice_once")
    statement = telling.WRITE.replace("ON CONFLICT (event_id, recipient_id, channel) DO NOTHING", "")
    assert statement != telling.WRITE
    make_followers(12)
    post = make_post()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "WRITE", statement)
        fan_out(post)
        PostRange.objects.update(state=PostRange.State.OPEN)
        telling.tell(PostRange.objects.get().pk)
    assert doubles() == 12


def test_a_command_that_was_lost_is_owed_again_once(taken: list[object]) -> None:
    make_followers(4)
    post = make_post()
    splitting.split(post.pk, size=2)
    lost = owed(splitting.TELL)
    assert duties.remind_posts() == 0, "they may still be on their way"
    long_ago = Now() - duties.STILL - timedelta(seconds=1)
    Post.objects.update(touched_at=long_ago)
    PostRange.objects.update(touched_at=long_ago)
    assert [duties.remind_posts(), duties.remind_posts()] == [2, 0]
    assert owed(splitting.TELL) == lost
    for kwargs in lost:
        telling.tell(kwargs["range"])
    assert Post.objects.get().finished_at is not None


def test_a_fan_out_that_never_began_is_owed_again_once() -> None:
    make_followers(2)
    post = make_post()
    Post.objects.update(touched_at=Now() - duties.STILL - timedelta(seconds=1))
    assert [duties.remind_posts(), duties.remind_posts()] == [1, 0]
    assert owed(posts.FAN_OUT) == [{"post": str(post.pk)}]


def test_ranges_in_any_order_with_repeats_tell_each_once(taken: list[object]) -> None:
    make_followers(60)
    post = make_post()
    splitting.split(post.pk, size=7)
    commands = [kwargs["range"] for kwargs in owed(splitting.TELL)]
    chance = random.Random(8)
    for pk in chance.choices(commands, k=30) + commands:
        telling.tell(pk)
    assert (Notice.objects.count(), doubles()) == (60, 0)
    assert Post.objects.get().finished_at is not None
