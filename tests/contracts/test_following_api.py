"""Following, posting and watching a post go out, as programs do it: by the rules of the pages."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db.models.functions import Now

from messaging.models import OutboxRow
from notifications import followers
from notifications.fanout import splitting, telling
from notifications.models import Follower, Post
from orders import posts
from orders.models import Restaurant
from tests import factories
from tests.fanout.conftest import make_followers, make_post, owed
from tests.fanout.conftest import taken as taken

from .conftest import Caller

pytestmark = pytest.mark.django_db


def test_a_customer_follows_hears_and_leaves(anybody: Caller) -> None:
    shop, other = factories.make_restaurant(), factories.make_restaurant("bakery")
    alice = Caller(factories.alice())
    for _ in range(2):
        answer = alice.post(f"/restaurants/{shop.pk}/follow", {"follow": True})
        assert answer == (200, {"restaurant": shop.pk, "follows": True})
    alice.post(f"/restaurants/{other.pk}/follow", {"follow": True})
    post = make_post(restaurant=shop.pk)

    assert alice.get("/following") == (200, [other.pk, shop.pk])
    news = {"id": str(post.pk), "text": "Open late tonight", "posted_at": "2026-01-02T18:05:00Z"}
    assert anybody.get(f"/restaurants/{shop.pk}/posts") == (200, {"followers": 1, "posts": [news]})

    assert alice.post(f"/restaurants/{shop.pk}/follow", {"follow": False})[1]["follows"] is False
    assert alice.get("/following") == (200, [other.pk])
    assert anybody.get(f"/restaurants/{shop.pk}/posts")[1]["followers"] == 0


@pytest.mark.parametrize("number", [0, 2**63, 2**200])
def test_no_restaurant_has_such_a_number(number: int, anybody: Caller) -> None:
    alice = Caller(factories.alice())
    assert alice.post(f"/restaurants/{number}/follow", {"follow": True})[0] == 422
    assert anybody.get(f"/restaurants/{number}/posts")[0] == 422
    assert not Follower.objects.exists()


def test_nobody_and_the_wrong_role_change_nothing(anybody: Caller) -> None:
    shop = factories.make_restaurant()
    for who, status in ((anybody, 401), (Caller(shop.user), 403), (Caller(factories.make_courier().user), 403)):
        assert who.post(f"/restaurants/{shop.pk}/follow", {"follow": True})[0] == status
        assert who.get("/following")[0] == status
    for who, status in ((anybody, 401), (Caller(factories.alice()), 403)):
        assert who.post("/restaurant/posts", {"text": "Ours is better"})[0] == status
        assert who.get("/restaurant/posts/progress")[0] == status
    assert not Follower.objects.exists() and not OutboxRow.objects.exists()


def test_nobody_follows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "MOST_FOLLOWED", 1)
    alice = Caller(factories.alice())
    assert alice.post("/restaurants/1/follow", {"follow": True})[0] == 200
    status, refused = alice.post("/restaurants/2/follow", {"follow": True})
    assert (status, refused["code"]) == (409, "follows_too_many")


def test_a_post_is_one_event_and_a_second_one_comes_too_soon() -> None:
    shop = factories.make_restaurant()
    kitchen = Caller(shop.user)

    status, made = kitchen.post("/restaurant/posts", {"text": " Open late,\n 20 % off "})

    assert status == 201
    row = OutboxRow.objects.get(type="restaurant.posted")
    assert (str(row.message_id), row.key) == (made["id"], str(shop.pk))
    status, refused = kitchen.post("/restaurant/posts", {"text": "And cheaper still"})
    assert (status, refused["code"]) == (409, "too_soon")
    Restaurant.objects.update(posted_at=Now() - posts.POST_EVERY)
    assert kitchen.post("/restaurant/posts", {"text": "And cheaper still"})[0] == 201


@pytest.mark.parametrize(
    ("body", "code"), [({"text": " "}, "empty"), ({"text": "x" * 281}, "too_long"), ({"text": 5}, "invalid")]
)
def test_a_post_that_says_nothing_or_too_much_is_refused(body: dict[str, Any], code: str) -> None:
    status, refused = Caller(factories.make_restaurant().user).post("/restaurant/posts", body)
    assert (status, refused["code"]) == (422, code)
    assert not OutboxRow.objects.exists()


def test_the_restaurant_watches_its_own_posts_and_no_others(taken: list[object]) -> None:
    shop, other = factories.make_restaurant(), factories.make_restaurant("bakery")
    make_followers(4, restaurant=shop.pk)
    post = make_post(restaurant=shop.pk)
    Post.objects.filter(pk=post.pk).update(account_id=shop.user_id)
    splitting.split(post.pk, size=2)
    first, *rest = owed(splitting.TELL)
    telling.tell(first["range"])

    status, (seen,) = Caller(shop.user).get("/restaurant/posts/progress")

    told = {name: seen[name] for name in ("told", "total", "counted", "percent", "finished")}
    assert (status, uuid.UUID(seen["id"])) == (200, post.pk)
    assert told == {"told": 2, "total": 4, "counted": True, "percent": 50, "finished": False}
    for kwargs in rest:
        telling.tell(kwargs["range"])
    assert Caller(shop.user).get("/restaurant/posts/progress")[1][0]["finished"] is True
    assert Caller(other.user).get("/restaurant/posts/progress") == (200, [])
