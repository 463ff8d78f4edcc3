"""A post's followers cut into ranges."""

from __future__ import annotations

import uuid

import pytest
from django.utils.timezone import now

from messaging.envelope import Envelope
from messaging.models import OutboxRow
from notifications.fanout import posts, splitting, telling
from notifications.models import Follower, Notice, Post, PostRange
from orders.restaurant_events import RestaurantPosted

from .conftest import RESTAURANT, doubles, fan_out, make_followers, make_post, owed, told_people

pytestmark = pytest.mark.django_db


def envelope(event_id: uuid.UUID) -> Envelope:
    fact = RestaurantPosted(
        restaurant_id=RESTAURANT, zone="centre", account_id=3, name="Soup Kitchen", slug="soup-kitchen", text="Late"
    )
    return Envelope(
        id=event_id, type=fact.type, key="7", sequence=1, time=now(), recorded_at=None, data=fact, topic=fact.topic
    )


def test_an_event_that_is_read_twice_begins_one_fan_out() -> None:
    event_id = uuid.uuid4()
    posts.begin([envelope(event_id), envelope(event_id)], generation=1)
    posts.begin([envelope(event_id)], generation=1)
    assert Post.objects.get().text == "Late"
    assert owed(posts.FAN_OUT) == [{"post": str(event_id)}]


def test_ranges_cover_every_follower_once_and_one_command_a_range_goes_out() -> None:
    make_followers(25)
    make_followers(4, restaurant=8, first=2_000_000)
    post = make_post()
    assert splitting.split(post.pk, size=4, chunk=2) == 7
    ranges = list(PostRange.objects.order_by("first").values_list("first", "last", "size"))
    assert [size for _, _, size in ranges] == [4, 4, 4, 4, 4, 4, 1]
    people = list(
        Follower.objects.filter(restaurant_id=RESTAURANT).order_by("user_id").values_list("user_id", flat=True)
    )
    assert [(people[i], people[min(i + 3, 24)]) for i in range(0, 25, 4)] == [(a, b) for a, b, _ in ranges]
    assert len(owed(splitting.TELL)) == 7
    assert (splitting.split(post.pk, size=4, chunk=2), OutboxRow.objects.count()) == (0, 0), "a repeat changes nothing"


def test_a_splitter_that_dies_is_followed_by_one_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    make_followers(10)
    post = make_post()
    monkeypatch.setattr(splitting, "monotonic", iter([0.0, 1e9]).__next__)
    assert splitting.split(post.pk, size=2, chunk=2) == 2, "time was up after the first two"
    monkeypatch.undo()
    assert owed(posts.FAN_OUT) == [{"post": str(post.pk)}]
    assert splitting.split(post.pk, size=2, chunk=2) == 3
    assert PostRange.objects.count() == len(owed(splitting.TELL)) == 5


def test_who_follows_after_the_post_is_not_told_and_who_unfollowed_is_neither(taken: list[object]) -> None:
    make_followers(6)
    post = make_post()
    Follower.objects.filter(user_id=1_000_004).update(followed_at="2030-01-01T00:00:00Z")
    splitting.split(post.pk)
    Follower.objects.filter(user_id=1_000_008).delete()
    for kwargs in owed(splitting.TELL):
        assert telling.tell(kwargs["range"])
    assert told_people(post) == {1_000_000, 1_000_002, 1_000_006, 1_000_010}
    piece = PostRange.objects.get()
    assert (piece.size, piece.told, piece.commands) == (5, 4, 0), "an inbox notice needs no worker"


def test_a_post_that_nobody_follows_is_finished_at_once() -> None:
    post = make_post()
    splitting.split(post.pk)
    (found,) = posts.progress([Post.objects.get(pk=post.pk)])
    assert (found.finished, found.percent, found.total) == (True, 100, 0)


def test_every_command_twice_tells_nobody_twice(taken: list[object]) -> None:
    make_followers(30)
    post = make_post()
    fan_out(post)
    PostRange.objects.update(state=PostRange.State.OPEN)
    for pk in PostRange.objects.values_list("pk", flat=True):
        telling.tell(pk)
    assert (Notice.objects.count(), doubles()) == (30, 0)


def test_progress_is_counted_in_people(taken: list[object]) -> None:
    make_followers(8)
    post = make_post()
    splitting.split(post.pk, size=2)
    first, *rest = owed(splitting.TELL)
    telling.tell(first["range"])
    (found,) = posts.progress([Post.objects.get(pk=post.pk)])
    assert (found.told, found.total, found.percent, found.finished, found.done) == (2, 8, 25, False, 1)
    for kwargs in rest:
        telling.tell(kwargs["range"])
    (found,) = posts.progress([Post.objects.get(pk=post.pk)])
    assert (found.told, found.percent, found.finished) == (8, 100, True)
