"""The room's JSON API: following restaurants, and how far a restaurant's posts have got."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from accounts.auth import SIGNED_IN, user_with_role
from accounts.models import Role

from . import followers
from .fanout.posts import Progress, progress
from .models import Post

router = Router(tags=["following"], auth=SIGNED_IN)

RestaurantId = Annotated[int, Path(ge=1, lt=2**63)]
#: Posts in one answer, newest first.
PAGE = 50


class FollowIn(Schema):
    follow: bool


class FollowOut(Schema):
    restaurant: int
    follows: bool


class PostOut(Schema):
    id: uuid.UUID
    text: str
    posted_at: datetime

    @classmethod
    def of(cls, post: Post) -> PostOut:
        return cls(id=post.pk, text=post.text, posted_at=post.posted_at)


class NewsOut(Schema):
    followers: int = Field(description=f"counted no further than {followers.COUNTED + 1}")
    posts: list[PostOut]


class ProgressOut(Schema):
    id: uuid.UUID
    text: str
    posted_at: datetime
    told: int = Field(description="people it has reached")
    total: int = Field(description="people it is for; it grows until `counted`")
    counted: bool
    percent: int
    finished: bool

    @classmethod
    def of(cls, found: Progress) -> ProgressOut:
        return cls(
            id=found.event_id,
            text=found.text,
            posted_at=found.posted_at,
            told=found.told,
            total=found.total,
            counted=found.counted,
            percent=found.percent,
            finished=found.finished,
        )


@router.get("/following", response=list[int])
def following(request: HttpRequest) -> list[int]:
    """Ids of the restaurants that the customer follows, the latest first."""
    return followers.followed_by(user_with_role(request, Role.CUSTOMER).pk)


@router.post("/restaurants/{restaurant_id}/follow", response=FollowOut)
def follow(request: HttpRequest, restaurant_id: RestaurantId, body: FollowIn) -> FollowOut:
    """Hear of this restaurant's posts, or no more. Safe to repeat."""
    user = user_with_role(request, Role.CUSTOMER)
    change = followers.follow if body.follow else followers.unfollow
    change(restaurant_id, user_id=user.pk)
    return FollowOut(restaurant=restaurant_id, follows=body.follow)


@router.get("/restaurants/{restaurant_id}/posts", response=NewsOut, auth=None)
def posts(request: HttpRequest, restaurant_id: RestaurantId) -> NewsOut:
    """How many follow a restaurant, and its latest posts."""
    latest = followers.posts_of(restaurant_id, most=PAGE)
    return NewsOut(followers=followers.follower_count(restaurant_id), posts=[PostOut.of(post) for post in latest])


@router.get("/restaurant/posts/progress", response=list[ProgressOut])
def own_posts(request: HttpRequest) -> list[ProgressOut]:
    """The restaurant's own posts, and how many followers each has reached."""
    mine = followers.posts_by(user_with_role(request, Role.RESTAURANT).pk, most=PAGE)
    return [ProgressOut.of(found) for found in progress(mine)]
