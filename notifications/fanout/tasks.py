"""Commands of the queue `notices` that carry a post to its followers."""

from __future__ import annotations

from messaging.tasks import command
from notifications.channels import TryLater

from . import sending, splitting, telling
from .posts import FAN_OUT


@command(FAN_OUT)
def fan_out(*, post: str) -> None:
    """Cut the post's followers into ranges."""
    splitting.split(post)


@command(splitting.TELL, throws=(telling.NotTaken,))
def tell_range(*, range: int) -> None:
    """Write a range's notices, and put what must be sent on the queue."""
    telling.tell(range)


@command(telling.SEND_STRETCH, throws=(TryLater,))
def send_stretch(*, post: str, channel: str, first: int, last: int) -> None:
    """Send the notices of a stretch of followers on one channel."""
    sending.send_stretch(post, channel=channel, first=first, last=last)
