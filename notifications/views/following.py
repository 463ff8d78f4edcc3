"""Fragments for pages of other rooms: following a restaurant, and how far a restaurant's posts have got."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role, User
from notifications import followers
from notifications.fanout.posts import progress

#: The largest id that PostgreSQL takes.
BIGGEST = 2**63


@require_GET
@never_cache
def following(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """The button, how many follow, and what the restaurant posted lately."""
    return _following(request, restaurant_id)


@for_role(Role.CUSTOMER)
@require_POST
def follow(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    user, trouble = account(request).pk, ""
    _known(restaurant_id)
    try:
        if request.POST.get("follow") == "yes":
            followers.follow(restaurant_id, user_id=user)
        else:
            followers.unfollow(restaurant_id, user_id=user)
    except followers.FollowsTooMany as error:
        trouble = str(error)
    if by_htmx(request):
        return _following(request, restaurant_id, trouble=trouble)
    if trouble:
        messages.error(request, trouble)
    back = request.headers.get("Referer", "")
    # Only to a page of this site: a form elsewhere must not choose where a press here leads.
    return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "home")


@for_role(Role.RESTAURANT)
@require_GET
@never_cache
def posts(request: HttpRequest) -> HttpResponse:
    """The restaurant's own posts and how many of its followers each has reached."""
    found = progress(followers.posts_by(account(request).pk))
    return render(
        request, "notifications/_posts.html", {"posts": found, "busy": any(not one.finished for one in found)}
    )


def _following(request: HttpRequest, restaurant_id: int, *, trouble: str = "") -> HttpResponse:
    _known(restaurant_id)
    user = request.user if isinstance(request.user, User) else None
    may = user is not None and user.role == Role.CUSTOMER and not user.is_operator
    context = {
        "restaurant_id": restaurant_id,
        "may_follow": may,
        "stranger": user is None,
        "follows": user is not None and may and followers.follows(restaurant_id, user_id=user.pk),
        "count": followers.follower_count(restaurant_id),
        "counted": followers.COUNTED,
        "posts": followers.posts_of(restaurant_id),
        "trouble": trouble,
    }
    return render(request, "notifications/_following.html", context)


def _known(restaurant_id: int) -> None:
    if restaurant_id >= BIGGEST:
        raise Http404("There is no such restaurant.")
