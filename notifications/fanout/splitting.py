"""Cutting a post's followers into ranges, a hundred at a time.

The cursor stands in the post's row and moves in the transaction that writes the ranges and owes their commands, so a
splitter that dies is followed by one that goes on where it was. Nobody ever holds the followers in memory: PostgreSQL
walks them in the order of their index and gives back two ends a range.
"""

from __future__ import annotations

import uuid
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from messaging.outbox import send, send_many
from notifications.models import Post

from .finishing import finish
from .posts import FAN_OUT

#: The command that tells one range.
TELL = "notices.tell_range"
#: Followers of a range: some 50 ms of work, so that a worker that dies repeats little, and the bar moves.
RANGE = 1000
#: Ranges cut in one transaction; as many rows go through the outbox, whatever the number of followers.
CHUNK = 100

CUT = """
    WITH people AS (
        SELECT user_id FROM notifications_follower
        WHERE restaurant_id = %(restaurant)s AND user_id > %(after)s AND followed_at <= %(asked)s
        ORDER BY user_id LIMIT %(most)s
    ), numbered AS (
        SELECT user_id, (row_number() OVER (ORDER BY user_id) - 1) / %(size)s AS part FROM people
    )
    INSERT INTO notifications_postrange (post_id, first, last, size)
    SELECT %(post)s, min(user_id), max(user_id), count(*) FROM numbered GROUP BY part ORDER BY part
    RETURNING id, last, size
"""


def split(post_id: uuid.UUID | str, *, size: int = RANGE, chunk: int = CHUNK) -> int:
    """Cut what is not cut yet; how many ranges this call made. A very long list is handed on to another command.

    Raises:
        Post.DoesNotExist: no such post.
    """
    deadline = monotonic() + settings.TASK_LIMIT_SECONDS / 2
    made = 0
    while True:
        with transaction.atomic():
            post = Post.objects.select_for_update().get(pk=post_id)
            if post.split_at is not None:
                break
            found = _cut(post, size=size, most=size * chunk)
            made += len(found)
            if sum(people for _, _, people in found) < size * chunk:
                Post.objects.filter(pk=post.pk).update(split_at=Now())
                break
            Post.objects.filter(pk=post.pk).update(split_to=max(last for _, last, _ in found))
            if monotonic() > deadline:
                send(FAN_OUT, key=str(post.pk), post=str(post.pk))
                return made
    # A post that nobody follows has no range whose worker could notice that it was the last.
    finish(post_id)
    return made


def _cut(post: Post, *, size: int, most: int) -> list[tuple[int, int, int]]:
    values: dict[str, Any] = {
        "restaurant": post.restaurant_id,
        "after": post.split_to,
        "asked": post.created_at,
        "most": most,
        "size": size,
        "post": post.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(CUT, values)
        found: list[tuple[int, int, int]] = cursor.fetchall()
    # Keys of their own spread the commands over the lanes.
    send_many(TELL, [(f"{post.pk}/{pk}", {"range": pk}) for pk, _, _ in found])
    return found
