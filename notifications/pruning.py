"""Old notices and posts' ranges go, a few thousand at a time; what is still owed to somebody stays, however old."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from messaging.models import DeadLetter
from messaging.names import queue_of
from messaging.pruning import prune_walking

from .asking import SEND
from .models import Post, PostRange

#: Posts whose ranges go in one call: a post to a million has a thousand of them.
POSTS = 20


def prune_notices() -> int:
    """Remove what was sent or skipped, or has failed, more than NOTICE_DAYS ago; how many notices went.

    While a dead letter of their queue is open, what failed stays: a redrive must find what it shall send.
    """
    letters = DeadLetter.objects.filter(road="sqs", source=queue_of(SEND), state=DeadLetter.State.OPEN)
    settled = "('sent', 'skipped')" if letters.exists() else "('sent', 'skipped', 'failed')"
    return prune_walking(
        "notifications_notice", "created_at", days=settings.NOTICE_DAYS, only=f"kept.state IN {settled}"
    )


def prune_ranges() -> int:
    """Remove the ranges of posts that were finished more than POST_RANGE_DAYS ago; how many ranges went.

    The post itself stays, with the number of people it was told to: its words are its notices' words.
    """
    old = Post.objects.filter(finished_at__lt=Now() - timedelta(days=settings.POST_RANGE_DAYS), told=None)
    return sum(_prune(post) for post in list(old.order_by("created_at")[:POSTS]))


@transaction.atomic
def _prune(post: Post) -> int:
    ranges = PostRange.objects.filter(post=post)
    told = ranges.aggregate(people=Sum("told"))["people"] or 0
    if Post.objects.filter(pk=post.pk, told=None).update(told=told) != 1:
        return 0
    return ranges.delete()[0]
