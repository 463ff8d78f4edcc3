"""A restaurant with so many followers, and the road a post takes, step by step."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from messaging import topology
from messaging.models import OutboxRow
from messaging.sqs.queues import align_queues
from notifications.fanout import splitting, telling
from notifications.models import Notice, Post

RESTAURANT = 7


def make_followers(count: int, *, restaurant: int = RESTAURANT, first: int = 1_000_000) -> None:
    """Accounts from `first` on, each following the restaurant; every other number, as deleted accounts leave gaps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user (id, username, password, role, is_superuser, first_name, last_name, email,"
            " is_staff, is_active, date_joined)"
            " SELECT n, 'f' || n, '', 'customer', false, '', '', '', false, true, now()"
            " FROM generate_series(%s::bigint, %s::bigint, 2) AS n",
            [first, first + 2 * count - 2],
        )
        cursor.execute(
            "INSERT INTO notifications_follower (restaurant_id, user_id)"
            " SELECT %s, n FROM generate_series(%s::bigint, %s::bigint, 2) AS n",
            [restaurant, first, first + 2 * count - 2],
        )


def want_email(first: int, last: int) -> None:
    """Give these accounts an address, and have them ask for posts by e-mail."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = 'x@example.org' WHERE id BETWEEN %s AND %s", [first, last])
        cursor.execute(
            "INSERT INTO notifications_preference (user_id, kind, channel, wanted)"
            " SELECT id, 'post', 'email', true FROM accounts_user WHERE id BETWEEN %s AND %s",
            [first, last],
        )


def make_post(*, restaurant: int = RESTAURANT) -> Post:
    post = Post.objects.create(
        event_id=uuid.uuid4(),
        restaurant_id=restaurant,
        account_id=1,
        name="Soup Kitchen",
        slug="soup-kitchen",
        text="Open late tonight",
        posted_at="2026-01-02T18:05:00Z",
    )
    post.refresh_from_db()
    return post


def owed(task: str) -> list[dict[str, Any]]:
    """Take the commands of this name out of the outbox: their keyword arguments."""
    rows = OutboxRow.objects.filter(type=task).order_by("id")
    found = [json.loads(bytes(row.payload)) for row in rows]
    rows.delete()
    return found


def fan_out(post: Post, *, stretch: int = 50) -> None:
    """The whole way in this process: cut, tell each range, and nothing sent."""
    splitting.split(post.pk)
    for kwargs in owed(splitting.TELL):
        telling.tell(kwargs["range"], stretch=stretch)


def doubles() -> int:
    """People whom a post reached more than once on one channel: what the unique index is there to keep at none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM notifications_notice GROUP BY event_id, recipient_id, channel"
            " HAVING count(*) > 1) AS twice"
        )
        found: int = cursor.fetchone()[0]
        return found


def told_people(post: Post) -> set[int]:
    return set(Notice.objects.filter(event_id=post.pk).values_list("recipient_id", flat=True))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Stretches as they would go to SQS."""
    found: list[dict[str, Any]] = []

    def enqueue(commands: Any) -> None:
        found.extend(json.loads(row.payload) for row in commands)

    monkeypatch.setattr(telling, "_enqueue", enqueue)
    yield found


@pytest.fixture
def queues(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues of this test alone, for the test and for the workers it starts."""
    settings.FORKROAD_NAMESPACE = f"t{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("FORKROAD_NAMESPACE", settings.FORKROAD_NAMESPACE)
    list(align_queues(topology.queues(), change=True))
