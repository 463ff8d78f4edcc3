"""Following a restaurant, and who does."""

from __future__ import annotations

from django.db import connection
from django.db.models import OuterRef, Subquery

from .models import Follower, Post

#: Restaurants that one account may follow: more is no person.
MOST_FOLLOWED = 500
#: Followers are counted up to here; a page need not read a million rows to say that there are many.
COUNTED = 10_000


class FollowsTooMany(ValueError):
    """Nothing was changed: the account follows MOST_FOLLOWED restaurants already."""


def follow(restaurant_id: int, *, user_id: int) -> None:
    """Tell this account of the restaurant's posts from now on. Safe to press twice.

    Raises:
        FollowsTooMany.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_follower (restaurant_id, user_id) SELECT %(restaurant)s, %(user)s"
            " WHERE (SELECT count(*) FROM notifications_follower WHERE user_id = %(user)s) < %(most)s"
            " ON CONFLICT DO NOTHING",
            {"restaurant": restaurant_id, "user": user_id, "most": MOST_FOLLOWED},
        )
    if not follows(restaurant_id, user_id=user_id):
        raise FollowsTooMany(f"You follow {MOST_FOLLOWED} restaurants: leave one first.")


def unfollow(restaurant_id: int, *, user_id: int) -> None:
    """Tell this account no more. Safe to press twice."""
    Follower.objects.filter(restaurant_id=restaurant_id, user_id=user_id).delete()


def follows(restaurant_id: int, *, user_id: int) -> bool:
    return Follower.objects.filter(restaurant_id=restaurant_id, user_id=user_id).exists()


def followed_by(user_id: int) -> list[int]:
    """Ids of the restaurants that this account follows, the latest first."""
    own = Follower.objects.filter(user_id=user_id).order_by("-followed_at", "restaurant_id")
    return list(own.values_list("restaurant_id", flat=True))


def follower_count(restaurant_id: int) -> int:
    """How many follow it, counted up to COUNTED + 1."""
    return Follower.objects.filter(restaurant_id=restaurant_id)[: COUNTED + 1].count()


def posts_of(restaurant_id: int, *, most: int = 3) -> list[Post]:
    """A restaurant's latest posts, the newest first."""
    return list(Post.objects.filter(restaurant_id=restaurant_id).order_by("-created_at")[:most])


def last_posts(user_id: int) -> dict[int, Post]:
    """The last post of each restaurant that this account follows, by restaurant; one that never posted is left out."""
    # One step into the index for each restaurant, however much it has posted.
    latest = Post.objects.filter(restaurant_id=OuterRef("restaurant_id")).order_by("-created_at").values("pk")[:1]
    followed = Follower.objects.filter(user_id=user_id).annotate(last=Subquery(latest))
    return {post.restaurant_id: post for post in Post.objects.filter(pk__in=followed.values("last"))}


def posts_by(account_id: int, *, most: int = 5) -> list[Post]:
    """The latest posts written from an account, the newest first."""
    return list(Post.objects.filter(account_id=account_id).order_by("-created_at")[:most])
