"""A post is finished when its last range is."""

from __future__ import annotations

import uuid

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from notifications.models import Post, PostRange


def finish(post_id: uuid.UUID | str) -> bool:
    """Mark a post finished where nothing of it is left to do; True for the one call that did.

    Asked after the commit of each range: of two that were the last together, at least one sees the other.
    """
    left = PostRange.objects.filter(post=OuterRef("pk")).exclude(state=PostRange.State.DONE)
    over = Post.objects.filter(~Exists(left), pk=post_id, split_at__isnull=False, finished_at=None)
    return over.update(finished_at=Now()) == 1
