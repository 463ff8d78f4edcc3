"""What was lost on a post's way: looked for by the sweeper, and owed to the queue again."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from messaging.outbox import send, send_many
from notifications.models import Post, PostRange

from .finishing import finish
from .posts import FAN_OUT
from .splitting import TELL

#: Wall time in which nothing moves on a post before something counts as lost. SQS itself gives the command of a dead
#: worker to another after the visibility timeout, which is less.
STILL = timedelta(minutes=2)
#: Ranges reminded of in one look.
BATCH = 200


def remind_posts() -> int:
    """Call again for posts whose fan-out stands still; how many commands that took."""
    moved = PostRange.objects.filter(post=OuterRef("pk"), touched_at__gt=Now() - STILL)
    still = Post.objects.filter(~Exists(moved), finished_at=None, touched_at__lt=Now() - STILL)
    return sum(_remind(post) for post in list(still.order_by("created_at")[:20]))


@transaction.atomic
def _remind(post: Post) -> int:
    if finish(post.pk):
        return 1
    # Once in so long, however often this looks: a queue that is long must not be made longer.
    if Post.objects.filter(pk=post.pk, touched_at=post.touched_at).update(touched_at=Now()) != 1:
        return 0
    if post.split_at is None:
        send(FAN_OUT, key=str(post.pk), post=str(post.pk))
    lost = PostRange.objects.filter(post=post).exclude(state=PostRange.State.DONE).order_by("touched_at")
    found = list(lost.values_list("pk", flat=True)[:BATCH])
    PostRange.objects.filter(pk__in=found).update(touched_at=Now())
    send_many(TELL, [(f"{post.pk}/{pk}", {"range": pk}) for pk in found])
    return len(found) + (post.split_at is None)
