"""kill -9 in the middle of a fan-out, at each point of a range, on the real queue: every follower exactly once."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from messaging.models import OutboxRow, TaskRun
from messaging.relay.sending import Row
from messaging.sqs.send import CommandSender
from notifications.fanout import posts, splitting
from notifications.models import Notice, Post, PostRange
from tests.messaging.sqs.workers import Worker
from tests.waiting import wait_for

from .conftest import doubles, make_followers, make_post, told_people, want_email

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = (
    "written, not committed",
    "committed, nothing on the queue",
    "half of it on the queue",
    "all on the queue, not done",
)
FOLLOWERS, MAILED = 700, 120


def relay() -> None:
    """What the relay does with the rows that are there."""
    sender = CommandSender()
    rows = list(OutboxRow.objects.filter(road="sqs").order_by("id"))
    sent = sender.send(
        [
            Row(
                id=row.pk,
                shard=row.shard,
                destination=row.destination,
                type=row.type,
                key=row.key,
                sequence=None,
                message_id=str(row.message_id),
                time="",
                payload=bytes(row.payload),
                traceparent="",
                delay_seconds=row.delay_seconds,
                recorded_at="",
                attempts=0,
            )
            for row in rows
        ]
    )
    OutboxRow.objects.filter(pk__in=[answer.row_id for answer in sent if answer.ok]).delete()


def test_workers_killed_at_every_point_of_a_range_tell_each_follower_exactly_once(
    queues: object, tmp_path: Path
) -> None:
    make_followers(FOLLOWERS)
    want_email(1_000_000, 1_000_000 + 2 * MAILED - 2)
    post = make_post()
    splitting.split(post.pk, size=10)
    options: dict[str, Any] = {"queues": "notices", "arguments": ["--include", "tests.fanout.dying"]}
    environment: dict[str, Any] = {"EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    relay()
    doomed: list[Worker] = []
    with contextlib.ExitStack() as stack:
        for number, point in enumerate(POINTS):
            orders = tmp_path / f"die-{number}"
            orders.touch()
            # Two at a time: more would not start any sooner here.
            worker = Worker(tmp_path / str(number), **options, **environment, FORKROAD_DIE=f"{point}:{orders}")
            stack.callback(worker.kill)
            doomed.append(worker)
            if number % 2:
                wait_for(lambda: all(each.process.poll() is not None for each in doomed), within=60, what="both to die")
        assert not list(tmp_path.glob("die-*")), "each died where it was told to"
        assert Post.objects.get().finished_at is None
        with Worker(tmp_path / "last", queues="notices", concurrency=4, **environment):

            def over() -> bool:
                relay()
                return Post.objects.get().finished_at is not None and not _unsent()

            wait_for(over, within=60, every=0.2, what="the post to be finished")
    assert len(told_people(post)) == FOLLOWERS
    assert doubles() == 0
    by_channel = {channel: Notice.objects.filter(channel=channel) for channel in ("inbox", "email")}
    assert {channel: found.count() for channel, found in by_channel.items()} == {"inbox": FOLLOWERS, "email": MAILED}
    # Each was sent by one attempt, though commands that were on the queue already went there again.
    assert set(by_channel["email"].values_list("state", "attempts")) == {("sent", 1)}
    assert (posts.progress([Post.objects.get()])[0].told, PostRange.objects.count()) == (FOLLOWERS, FOLLOWERS // 10)
    assert TaskRun.objects.filter(task=splitting.TELL, receive_count__gt=1).exists(), "no kill hit a command"


def _unsent() -> bool:
    return Notice.objects.filter(channel="email").exclude(state="sent").exists()
