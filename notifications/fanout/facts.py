"""A post's words stand in the post, once, not in each of a million notices."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any

from notifications.models import Notice, Post


def facts_of(notice: Notice) -> dict[str, Any]:
    """What a notice's templates are filled from: its own facts, or those of the post it is a copy of."""
    if notice.kind != "post" or notice.facts:
        facts: dict[str, Any] = notice.facts
        return facts
    try:
        return _of_post(notice.event_id)
    except Post.DoesNotExist:
        return {}


@lru_cache(maxsize=256)
def _of_post(event_id: uuid.UUID) -> dict[str, Any]:
    # A post never changes, so each process reads it once.
    post = Post.objects.get(pk=event_id)
    return {"restaurant": post.name, "text": post.text, "link": f"/restaurants/{post.slug}/"}
