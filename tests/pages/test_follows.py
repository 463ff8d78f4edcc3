"""The page of the restaurants that somebody follows: what stands there, leaving one, and nobody else's."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.templatetags.forkroad import ago
from notifications import followers
from notifications.models import Follower, Post
from orders import kitchen
from orders.city import city_now
from orders.models import OpeningHours, Restaurant
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice() -> User:
    return factories.alice()


@pytest.fixture
def shop(alice: User) -> Restaurant:
    """Open, and followed by Alice."""
    followed = factories.make_restaurant()
    followers.follow(followed.pk, user_id=alice.pk)
    return followed


def post_of(restaurant: Restaurant, text: str, *, hours_ago: float = 0) -> None:
    Post.objects.create(
        event_id=uuid.uuid4(),
        restaurant_id=restaurant.pk,
        account_id=restaurant.user_id,
        name=restaurant.name,
        slug=restaurant.slug,
        text=text,
        posted_at=city_now() - timedelta(hours=hours_ago),
    )


def look(client: Client) -> str:
    answer = client.get(reverse("follows"))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, restaurant_id: int, word: str) -> str:
    answer = client.post(reverse("follows-change", args=[restaurant_id]), {"follow": word}, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_tells_of_each_what_it_is_and_what_it_posted_last(alice: User, shop: Restaurant) -> None:
    # given
    post_of(shop, "Leek soup today", hours_ago=26)
    post_of(shop, "Open until midnight", hours_ago=3.5)
    # when
    page = look(sign_in(alice))
    # then
    assert reverse("orders:restaurant", args=[shop.slug]) in page
    assert "Soup · Centre" in page and ">open</span>" in page
    assert "Open until midnight" in page and "3 hours ago" in page
    assert "Leek soup today" not in page


def test_what_is_open_comes_first_then_what_was_followed_last(alice: User, shop: Restaurant) -> None:
    # given
    yesterday = (city_now().weekday() - 2) % 7
    for name in ("bakery", "paused", "closed"):
        followers.follow(factories.make_restaurant(name).pk, user_id=alice.pk)
    kitchen.set_paused(by=User.objects.get(username="r-paused"), paused=True)
    OpeningHours.objects.create(
        restaurant=Restaurant.objects.get(slug="closed"), weekday=yesterday, opens=600, closes=660
    )
    # when
    answer = sign_in(alice).get(reverse("follows"))
    # then
    assert [one.name for one in answer.context["followed"]] == ["Bakery", "Soup Kitchen", "Closed", "Paused"]
    page = answer.content.decode()
    assert (page.count(">open</span>"), page.count(">closed now</span>")) == (2, 1)
    assert page.count(">takes no orders for the moment</span>") == 1
    assert page.count("Nothing posted yet.") == 4


def test_what_others_follow_never_shows(alice: User, shop: Restaurant) -> None:
    # given
    bob, bakery = factories.bob(), factories.make_restaurant("bakery")
    followers.follow(bakery.pk, user_id=bob.pk)
    post_of(bakery, "Rye bread")
    # when, then
    page = look(sign_in(alice))
    assert "Soup Kitchen" in page and "Bakery" not in page and "Rye bread" not in page
    # and: nobody leaves a restaurant for another
    press(sign_in(alice), bakery.pk, "no")
    assert Follower.objects.filter(restaurant_id=bakery.pk, user=bob).exists()


def test_who_follows_nothing_reads_what_following_does(alice: User) -> None:
    page = look(sign_in(alice))
    assert "You follow no restaurant yet." in page
    assert f'<a href="{reverse("home")}">Look for a restaurant</a>' in page


def test_stopping_leaves_a_way_back_and_pressing_twice_is_harmless(alice: User, shop: Restaurant) -> None:
    # given
    client = sign_in(alice)
    # when
    for _ in range(2):
        piece = press(client, shop.pk, "no")
        # then
        assert "You no longer follow <strong>Soup Kitchen</strong>." in piece and "<html" not in piece
    assert not Follower.objects.exists()
    assert "You follow no restaurant yet." in look(client)
    # when, then
    assert "Stop following" in press(client, shop.pk, "yes")
    assert Follower.objects.filter(restaurant_id=shop.pk, user=alice).exists()


def test_without_script_the_page_comes_again_and_says_what_was_done(alice: User, shop: Restaurant) -> None:
    client = sign_in(alice)
    address = reverse("follows-change", args=[shop.pk])
    left = client.post(address, {"follow": "no"}, follow=True)
    assert left.redirect_chain == [(reverse("follows"), 302)]
    assert "You no longer follow Soup Kitchen." in left.content.decode()
    back = client.post(address, {"follow": "yes"}, follow=True)
    assert "You follow Soup Kitchen again." in back.content.decode()


def test_who_follows_too_many_is_told_so(alice: User, shop: Restaurant, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    client, bakery = sign_in(alice), factories.make_restaurant("bakery")
    monkeypatch.setattr(followers, "MOST_FOLLOWED", 1)
    # when, then
    piece = press(client, bakery.pk, "yes")
    assert "You follow 1 restaurants: leave one first." in piece and "Follow again" in piece
    assert not Follower.objects.filter(restaurant_id=bakery.pk).exists()
    plain = client.post(reverse("follows-change", args=[bakery.pk]), {"follow": "yes"}, follow=True)
    assert "leave one first" in plain.content.decode()


def test_a_restaurant_that_is_gone_can_still_be_left(alice: User, shop: Restaurant) -> None:
    # given: it has posted, and was deleted since
    post_of(shop, "We close for good")
    gone = shop.pk
    Restaurant.objects.filter(pk=gone).delete()
    client = sign_in(alice)
    # when, then
    page = look(client)
    assert "<strong>Soup Kitchen</strong>" in page and "is no longer here." in page
    assert "Follow again" not in press(client, gone, "no")
    assert not Follower.objects.exists()


def test_a_customer_finds_it_where_they_would_look(alice: User, shop: Restaurant) -> None:
    client = sign_in(alice)
    link = f'href="{reverse("follows")}"'
    fragment = reverse("notifications:following", args=[shop.pk])
    for address in (reverse("account"), reverse("notifications:inbox"), fragment):
        assert link in client.get(address).content.decode(), address
    assert link not in sign_in(factories.make_operator()).get(reverse("notifications:inbox")).content.decode()


def test_strangers_are_asked_to_sign_in_and_others_told_that_it_is_for_customers(anybody: Client) -> None:
    shop = factories.make_restaurant()
    address = reverse("follows")
    answer = anybody.get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={address}")
    assert anybody.post(reverse("follows-change", args=[shop.pk]), {"follow": "yes"}).status_code == 302
    kitchen_door = sign_in(shop.user)
    assert kitchen_door.get(address).status_code == 403
    assert kitchen_door.post(reverse("follows-change", args=[shop.pk]), {"follow": "yes"}).status_code == 403
    assert not Follower.objects.exists()


def test_no_restaurant_has_so_large_a_number(alice: User) -> None:
    assert sign_in(alice).post(reverse("follows-change", args=[2**63]), {"follow": "yes"}).status_code == 404


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=30), "30 days ago"),
        (None, "–"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(length: timedelta | None, words: str) -> None:
    assert ago(length) == words
