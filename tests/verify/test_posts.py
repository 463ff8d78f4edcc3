"""`verify` counts who was told of a restaurant's post, and misses a post that never began its way."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils.timezone import now

from config.verify import posts as checks
from config.verify.streams import Stream
from messaging.models import Generation, StreamSequence
from notifications.fanout import splitting, telling
from notifications.models import Follower, Notice, Post, PostRange
from tests import factories
from tests.fanout.conftest import fan_out, make_followers, make_post
from tests.fanout.conftest import taken as taken

pytestmark = pytest.mark.usefixtures("namespace")


def followed_long_ago() -> None:
    Follower.objects.update(followed_at=now() - timedelta(hours=1))


@pytest.mark.django_db
def test_whoever_was_left_out_of_a_finished_post_is_named(taken: list[object]) -> None:
    make_followers(4)
    followed_long_ago()
    post, under_way = make_post(), make_post()
    fan_out(post)
    splitting.split(under_way.pk)
    assert list(checks.posts_are_told()) == []

    left_out = Notice.objects.filter(event_id=post.pk).order_by("pk")[1]
    left_out.delete()

    (found,) = checks.posts_are_told()
    assert (found.subject, str(left_out.recipient_id) in found.detail) == (f"post {post.pk}", True)


@pytest.mark.django_db
def test_who_came_with_the_post_or_left_before_it_is_not_missed(taken: list[object]) -> None:
    make_followers(4)
    followed_long_ago()
    Follower.objects.filter(user_id=1_000_002).update(followed_at=now() + timedelta(hours=1))
    post = make_post()
    splitting.split(post.pk)
    Follower.objects.filter(user_id=1_000_004).delete()
    telling.tell(PostRange.objects.get().pk)
    assert list(checks.posts_are_told()) == []
    assert Notice.objects.filter(event_id=post.pk).count() == 2


@pytest.mark.django_db
def test_more_notices_than_people_are_named(taken: list[object]) -> None:
    make_followers(3)
    post = make_post()
    fan_out(post)
    Notice.objects.create(
        event_id=post.pk, recipient=factories.alice(), channel="inbox", kind="post", state="sent", attempts=1
    )
    (found,) = checks.posts_are_told()
    assert "told to 3 people and has 4 notices" in found.detail
    # Also when its ranges are not kept any more.
    Post.objects.filter(pk=post.pk).update(told=3)
    PostRange.objects.all().delete()
    assert [again.detail for again in checks.posts_are_told()] == [found.detail]


@pytest.mark.django_db
def test_what_was_forgotten_in_time_is_not_missed(taken: list[object]) -> None:
    make_followers(2)
    followed_long_ago()
    post = make_post()
    fan_out(post)
    Notice.objects.all().delete()
    assert len(list(checks.posts_are_told())) == 2
    Follower.objects.update(followed_at=now() - timedelta(days=200))
    Post.objects.filter(pk=post.pk).update(created_at=now() - timedelta(days=91))
    assert list(checks.posts_are_told()) == []


@pytest.mark.django_db
def test_a_post_that_stands_still_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 0.0)
    make_followers(3)
    post = make_post()
    assert "0 ranges so far" in next(checks.posts_are_finished()).detail
    splitting.split(post.pk, size=2)
    (found,) = checks.posts_are_finished()
    assert (found.subject, "2 ranges so far" in found.detail) == (f"post {post.pk}", True)


@pytest.mark.django_db
def test_a_post_that_its_group_has_read_and_nobody_began_is_named() -> None:
    known, lost, to_come = make_post().pk, uuid.uuid4(), uuid.uuid4()
    Generation.objects.create(group="followers", number=1, state="live")
    StreamSequence.objects.create(group="followers", generation=1, topic="restaurants.events", key="7", last_sequence=3)
    told = ["restaurant.posted", "restaurant.paused", "restaurant.posted", "restaurant.posted"]
    ids = [known, uuid.uuid4(), lost, to_come]
    stream = Stream(
        types={("7", sequence): kind for sequence, kind in enumerate(told, 1)},
        ids={("7", sequence): str(event) for sequence, event in enumerate(ids, 1)},
    )
    (found,) = checks.posts_have_begun(stream)
    assert (found.subject, str(lost) in found.detail) == ("restaurant 7", True)
