"""Posts as the stream tells of them, and how far they have got."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, IntegerField, Q, Sum, Value
from django.db.models.functions import Coalesce

from messaging.envelope import Envelope
from messaging.outbox import send
from notifications.models import Post, PostRange
from orders.restaurant_events import RestaurantPosted

#: The command that cuts a post's followers into ranges.
FAN_OUT = "notices.fan_out"


def begin(events: Sequence[Envelope], *, generation: int) -> None:
    """Write each post down and owe its fan-out to the queue; one that is known already changes nothing."""
    posts = [_post(event, event.data) for event in events if isinstance(event.data, RestaurantPosted)]
    known = set(Post.objects.filter(pk__in=[post.pk for post in posts]).values_list("pk", flat=True))
    fresh = {post.pk: post for post in posts if post.pk not in known}
    Post.objects.bulk_create(fresh.values(), ignore_conflicts=True)
    for pk in fresh:
        send(FAN_OUT, key=str(pk), post=str(pk))


def _post(event: Envelope, data: RestaurantPosted) -> Post:
    return Post(
        event_id=event.id,
        restaurant_id=data.restaurant_id,
        account_id=data.account_id,
        name=data.name,
        slug=data.slug,
        text=data.text,
        posted_at=event.time,
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """A post and how far it has got, in people; `total` grows until `counted`."""

    event_id: uuid.UUID
    text: str
    posted_at: datetime
    told: int
    total: int
    ranges: int
    done: int
    counted: bool
    finished: bool

    @property
    def percent(self) -> int:
        """0 to 100, and 100 only when it is finished."""
        if self.finished:
            return 100
        return min(99, self.told * 100 // self.total) if self.total else 0


def progress(posts: Sequence[Post]) -> list[Progress]:
    """How far each has got, from its ranges: a counter of its own would be one row that all workers wait for."""
    sums = {
        row["post"]: row
        for row in PostRange.objects.filter(post__in=posts)
        .values("post")
        .annotate(
            people=Coalesce(Sum("told"), Value(0), output_field=IntegerField()),
            size=Coalesce(Sum("size"), Value(0), output_field=IntegerField()),
            ranges=Count("id"),
            done=Count("id", filter=Q(state=PostRange.State.DONE)),
        )
    }
    nothing = {"people": 0, "size": 0, "ranges": 0, "done": 0}
    return [
        Progress(
            event_id=post.event_id,
            text=post.text,
            posted_at=post.posted_at,
            told=found["people"] if post.told is None else post.told,
            total=max(found["size"], found["people"]) if post.told is None else post.told,
            ranges=found["ranges"],
            done=found["done"],
            counted=post.split_at is not None,
            finished=post.finished_at is not None,
        )
        for post in posts
        for found in [sums.get(post.pk, nothing)]
    ]
