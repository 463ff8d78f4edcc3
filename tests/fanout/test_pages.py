"""Following a restaurant, posting, and watching the post go out."""

from __future__ import annotations

import json

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from messaging.models import OutboxRow
from notifications import followers
from notifications.fanout import splitting
from notifications.fanout.facts import facts_of
from notifications.models import Follower, Notice, Post
from orders import posts
from orders.models import Restaurant
from tests import factories
from tests.pages.conftest import sign_in

from .conftest import fan_out, make_followers, make_post

pytestmark = pytest.mark.django_db


def test_a_customer_follows_and_leaves_by_the_restaurants_page() -> None:
    alice, restaurant = factories.alice(), factories.make_restaurant()
    client = sign_in(alice)
    fragment = reverse("notifications:following", args=[restaurant.pk])
    assert fragment in client.get(reverse("orders:restaurant", args=[restaurant.slug])).content.decode()
    assert "0 followers" in client.get(fragment).content.decode()
    press = reverse("notifications:follow", args=[restaurant.pk])
    for _ in range(2):
        answer = client.post(press, {"follow": "yes"}, headers={"HX-Request": "true"})
    assert "1 follower<" in answer.content.decode() and "Stop following" in answer.content.decode()
    back = client.post(press, {"follow": "no"}, headers={"Referer": "https://elsewhere.example/"})
    assert (back.status_code, back["Location"]) == (302, reverse("home")), "never to another site"
    assert not Follower.objects.exists()


def test_strangers_and_couriers_do_not_follow() -> None:
    restaurant = factories.make_restaurant()
    press = reverse("notifications:follow", args=[restaurant.pk])
    assert Client().post(press, {"follow": "yes"}).status_code == 302
    assert sign_in(factories.make_courier().user).post(press, {"follow": "yes"}).status_code == 403
    assert "Sign in to follow" in Client().get(reverse("notifications:following", args=[1])).content.decode()
    assert not Follower.objects.exists()


def test_nobody_follows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "MOST_FOLLOWED", 2)
    alice = factories.alice()
    followers.follow(1, user_id=alice.pk)
    followers.follow(2, user_id=alice.pk)
    followers.follow(2, user_id=alice.pk)
    with pytest.raises(followers.FollowsTooMany):
        followers.follow(3, user_id=alice.pk)
    assert Follower.objects.count() == 2


def test_a_post_is_one_event_with_the_restaurants_next_version() -> None:
    restaurant = factories.make_restaurant()
    client = sign_in(restaurant.user)
    page = client.post(reverse("orders:kitchen-post"), {"text": " Open late,\n 20 % off "}, follow=True)
    assert "your followers are being told" in page.content.decode()
    row = OutboxRow.objects.get(type="restaurant.posted")
    restaurant.refresh_from_db()
    assert (row.destination, row.key, row.sequence) == ("restaurants.events", str(restaurant.pk), restaurant.version)
    told = json.loads(bytes(row.payload))
    assert (told["text"], told["account_id"], told["slug"]) == (
        "Open late, 20 % off",
        restaurant.user_id,
        "soup-kitchen",
    )


@pytest.mark.parametrize(
    ("text", "why"), [("", "Write something"), (" \x00 ", "Write something"), ("x" * 281, "at most 280")]
)
def test_a_post_that_says_nothing_or_too_much_is_refused(text: str, why: str) -> None:
    restaurant = factories.make_restaurant()
    with pytest.raises(posts.CannotPost, match=why):
        posts.post(text, by=restaurant.user)
    assert not OutboxRow.objects.exists()


def test_a_second_post_within_ten_minutes_is_refused_and_changes_nothing() -> None:
    restaurant = factories.make_restaurant()
    posts.post("one", by=restaurant.user)
    with pytest.raises(posts.CannotPost, match="every 10 minutes"):
        posts.post("two", by=restaurant.user)
    restaurant.refresh_from_db()
    assert (restaurant.version, OutboxRow.objects.filter(type="restaurant.posted").count()) == (1, 1)
    Restaurant.objects.update(posted_at=Now() - posts.POST_EVERY)
    posts.post("two", by=restaurant.user)
    with pytest.raises(Restaurant.DoesNotExist):
        posts.post("three", by=factories.alice())


def test_the_kitchen_sees_its_own_posts_go_out_and_no_others(taken: list[object]) -> None:
    restaurant = factories.make_restaurant()
    client = sign_in(restaurant.user)
    make_followers(3, restaurant=restaurant.pk)
    post = make_post(restaurant=restaurant.pk)
    other = make_post(restaurant=999)
    Post.objects.filter(pk=post.pk).update(account_id=restaurant.user_id)
    splitting.split(other.pk)
    watch = client.get(reverse("notifications:posts")).content.decode()
    assert "<progress" in watch and 'hx-trigger="every 1s"' in watch
    fan_out(post)
    watch = client.get(reverse("notifications:posts")).content.decode()
    assert "Told 3 followers." in watch and "<progress" not in watch and watch.count("<li>") == 1
    assert sign_in(factories.alice()).get(reverse("notifications:posts")).status_code == 403
    page = client.get(reverse("orders:kitchen")).content.decode()
    assert reverse("orders:kitchen-post") in page and reverse("notifications:posts") in page


def test_a_notice_says_what_the_post_says_and_leads_to_the_restaurant(taken: list[object]) -> None:
    make_followers(1)
    fan_out(make_post())
    assert facts_of(Notice.objects.get()) == {
        "restaurant": "Soup Kitchen",
        "text": "Open late tonight",
        "link": "/restaurants/soup-kitchen/",
    }
    follower = Follower.objects.select_related("user").get().user
    page = sign_in(follower).get(reverse("notifications:inbox")).content.decode()
    assert "Open late tonight" in page
