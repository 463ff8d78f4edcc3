"""Posts: each has begun its way, and each that is through has told everybody who followed then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from messaging.names import full_topic
from notifications.kinds import KINDS
from notifications.models import Channel, Post
from orders.restaurant_events import TOPIC, RestaurantPosted

from .report import Violation
from .streams import Stream

#: Wall seconds in which an open post must get on.
PATIENCE = 60.0

#: What every account has a row for, whether it is sent or says why not: one of its channels is enough to know.
CHANNEL = Channel.INBOX

_APPLIED = """
    SELECT s.key, s.last_sequence FROM messaging_streamsequence s
    JOIN messaging_generation g ON g."group" = s."group" AND g.number = s.generation AND g.state = 'live'
    WHERE s."group" = 'followers' AND s.topic = ANY(%s)
"""

#: Who pressed the button in the seconds around the post may have been written after its ranges were cut.
_UNTOLD = """
    SELECT p.event_id, p.slug, f.user_id FROM notifications_post p
    JOIN notifications_follower f
        ON f.restaurant_id = p.restaurant_id AND f.followed_at < p.created_at - interval '10 seconds'
    JOIN accounts_user u ON u.id = f.user_id
    LEFT JOIN notifications_notice n
        ON n.event_id = p.event_id AND n.recipient_id = f.user_id AND n.channel = %(channel)s
    WHERE p.finished_at IS NOT NULL AND p.created_at > now() - %(kept)s * interval '1 day' AND n.id IS NULL
    LIMIT 100
"""

#: More rows than people: the ranges' own count against the notices, where both are still kept.
_MISCOUNTED = """
    WITH counted AS (
        SELECT p.event_id, p.slug, coalesce(p.told, (SELECT sum(r.told) FROM notifications_postrange r
            WHERE r.post_id = p.event_id), 0) AS told
        FROM notifications_post p
        WHERE p.finished_at IS NOT NULL AND p.created_at > now() - %(kept)s * interval '1 day'
    )
    SELECT c.event_id, c.slug, c.told, count(n.id) FROM counted c
    LEFT JOIN notifications_notice n ON n.event_id = c.event_id AND n.channel = %(channel)s
    GROUP BY 1, 2, 3 HAVING count(n.id) > c.told
"""


def posts_have_begun(stream: Stream) -> Iterator[Violation]:
    """Each post that the group `followers` says it has read stands in the database, under its event's id.

    `stream` is of `restaurants.events`, with types. The group's rows and sequences commit together.
    """
    with connection.cursor() as cursor:
        cursor.execute(_APPLIED, [[TOPIC, full_topic(TOPIC)]])
        applied = dict(cursor.fetchall())
    known = {str(pk) for pk in Post.objects.values_list("pk", flat=True)}
    for (key, sequence), kind in stream.types.items():
        event = stream.ids[key, sequence]
        if kind == RestaurantPosted.type and sequence <= applied.get(key, 0) and event not in known:
            yield Violation(f"restaurant {key}", f"post {event} was read by followers and never begun")


def posts_are_told() -> Iterator[Violation]:
    """Everybody who followed when a finished post was read has their row, and nobody else has one."""
    assert CHANNEL in KINDS["post"].defaults
    values: dict[str, Any] = {"channel": str(CHANNEL), "kept": settings.NOTICE_DAYS}
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, values)
        for event, slug, user in cursor.fetchall():
            yield Violation(f"post {event}", f"of {slug} is finished, and account {user} has no notice of it")
        cursor.execute(_MISCOUNTED, values)
        for event, slug, told, found in cursor.fetchall():
            yield Violation(f"post {event}", f"of {slug} was told to {told} people and has {found} notices")


def posts_are_finished() -> Iterator[Violation]:
    """No post stands still on its way."""
    deadline = time.monotonic() + PATIENCE
    waiting = Post.objects.filter(finished_at=None)
    # A million people take a while: what still moves is no violation before this patience ends.
    while waiting.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    for post in waiting.order_by("created_at")[:100]:
        yield Violation(f"post {post.pk}", f"of {post.slug} is not finished: {post.ranges.count()} ranges so far")
