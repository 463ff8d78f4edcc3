"""The restaurants that somebody follows, on one page: who follows is known to one room, what is open to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role
from notifications import followers
from notifications.models import Post
from notifications.views.following import BIGGEST
from orders.browsing import Listed, restaurants_of
from orders.city import city_now


@dataclass(frozen=True, slots=True)
class Followed:
    """A restaurant that somebody follows: `shop` is None where it is gone, `age` that of its last post in city time."""

    restaurant_id: int
    shop: Listed | None
    post: Post | None
    age: timedelta | None

    @property
    def name(self) -> str:
        if self.shop is not None:
            return self.shop.restaurant.name
        return self.post.name if self.post is not None else f"Restaurant no. {self.restaurant_id}"


@for_role(Role.CUSTOMER)
@require_GET
def follows(request: HttpRequest) -> HttpResponse:
    """All of them, those that are open first, and of these the last one followed."""
    user = account(request).pk
    found = _followed(followers.followed_by(user), followers.last_posts(user))
    found.sort(key=lambda one: one.shop is None or not one.shop.is_open)
    return render(request, "following/follows.html", {"followed": found})


@for_role(Role.CUSTOMER)
@require_POST
def change(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """Stop following, or follow again what was left by mistake. htmx gets the entry as it is then."""
    if restaurant_id >= BIGGEST:
        raise Http404("There is no such restaurant.")
    user, trouble = account(request).pk, ""
    wanted = request.POST.get("follow") == "yes"
    try:
        (followers.follow if wanted else followers.unfollow)(restaurant_id, user_id=user)
    except followers.FollowsTooMany as error:
        trouble = str(error)
    last = {post.restaurant_id: post for post in followers.posts_of(restaurant_id, most=1)}
    (one,) = _followed([restaurant_id], last)
    if by_htmx(request):
        context = {"one": one, "left": not wanted or bool(trouble), "trouble": trouble}
        return render(request, "following/_entry.html", context)
    if trouble:
        messages.error(request, trouble)
    else:
        messages.success(request, f"You follow {one.name} again." if wanted else f"You no longer follow {one.name}.")
    return redirect("follows")


def _followed(ids: Sequence[int], posts: dict[int, Post]) -> list[Followed]:
    """In the order of their ids."""
    now = city_now()
    shops = restaurants_of(ids, at=now)
    return [
        Followed(pk, shops.get(pk), post, now - post.posted_at if post is not None else None)
        for pk in ids
        for post in [posts.get(pk)]
    ]
