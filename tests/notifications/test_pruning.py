"""Old notices, posts' ranges and incidents go, and nothing that is still owed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils.timezone import now

from config.verify.notices import facts_are_told
from messaging import pruning as walking
from messaging.alerting.pruning import prune_incidents
from messaging.models import DeadLetter, Incident, IncidentStep
from messaging.models.incident import open_incident
from notifications.fanout.posts import progress
from notifications.models import Notice, Post, PostRange
from notifications.pruning import prune_notices, prune_ranges
from tests import factories
from tests.fanout.conftest import fan_out, make_followers, make_post
from tests.fanout.conftest import taken as taken

from .telling import person, read_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]


def a_notice(state: str, *, days: float) -> int:
    """A notice to alice that was promised so many days ago."""
    notice = Notice.objects.create(
        event_id=uuid.uuid4(), recipient_id=1, channel="email", kind="receipt", state=state, attempts=1
    )
    Notice.objects.filter(pk=notice.pk).update(created_at=now() - timedelta(days=days))
    return notice.pk


def left() -> list[int]:
    return list(Notice.objects.order_by("pk").values_list("pk", flat=True))


def test_what_is_settled_goes_and_what_is_owed_stays_however_old(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: more rows that stay than a statement looks at, before and between those that may go
    monkeypatch.setattr(walking, "BATCH", 2)
    owed = [a_notice(state, days=400) for state in ("queued", "sending", "queued", "sending", "queued")]
    for state in ("sent", "skipped", "failed"):
        a_notice(state, days=90.1)
    owed.append(a_notice("sending", days=90.1))
    a_notice("sent", days=90.1)
    young = [a_notice("sent", days=89.9), a_notice("failed", days=0)]
    # when
    assert prune_notices() == 4
    # then
    assert left() == owed + young
    assert prune_notices() == 0


def test_a_call_goes_on_where_the_last_one_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "BATCH", 2)
    monkeypatch.setattr(walking, "ROUNDS", 2)
    owed = [a_notice("queued", days=200) for _ in range(5)]
    a_notice("sent", days=200)
    assert [prune_notices() for _ in range(3)] == [0, 1, 0]
    assert left() == owed


def test_while_a_dead_letter_is_open_its_notice_stays() -> None:
    letter = DeadLetter.objects.create(road="sqs", source="notices", message_id="m1")
    DeadLetter.objects.create(road="sqs", source="payments", message_id="m2")
    failed, _ = a_notice("failed", days=200), a_notice("sent", days=200)
    assert (prune_notices(), left()) == (1, [failed])
    DeadLetter.objects.filter(pk=letter.pk).update(state="redriven")
    assert (prune_notices(), left()) == (1, [])


def test_the_days_are_settings(settings: Any) -> None:
    settings.NOTICE_DAYS = 1
    a_notice("sent", days=1.1)
    kept = a_notice("sent", days=0.9)
    assert (prune_notices(), left()) == (1, [kept])


def test_verify_does_not_miss_what_was_forgotten_in_time(settings: Any) -> None:
    alice = person()
    read_order(factories.paid_order(alice))
    settings.NOTICE_DAYS = 1
    order = alice.orders.get()
    Notice.objects.update(created_at=now() - timedelta(days=2))
    order.history.update(recorded_at=now() - timedelta(days=2))
    assert prune_notices() > 0
    assert not Notice.objects.exists()
    assert list(facts_are_told()) == []
    # What was removed too early is missed all the same.
    order.history.update(recorded_at=now() - timedelta(hours=23))
    assert {found.subject for found in facts_are_told()} == {str(order.pk)}


def test_a_posts_ranges_go_and_its_progress_is_remembered(taken: list[object]) -> None:
    make_followers(5)
    old, fresh, under_way = make_post(), make_post(), make_post()
    fan_out(old)
    fan_out(fresh)
    Post.objects.filter(pk=old.pk).update(finished_at=now() - timedelta(days=14.1))
    Post.objects.filter(pk=under_way.pk).update(created_at=now() - timedelta(days=30))
    PostRange.objects.create(post=under_way, first=1, last=2, size=2)
    before = progress([Post.objects.get(pk=old.pk)])[0]

    assert (prune_ranges(), prune_ranges()) == (1, 0)

    after = progress([Post.objects.get(pk=old.pk)])[0]
    assert (after.told, after.total, after.percent, after.finished) == (5, 5, 100, True)
    assert (before.told, before.total) == (5, 5)
    assert set(PostRange.objects.values_list("post", flat=True)) == {fresh.pk, under_way.pk}
    # Its words are those of its notices.
    assert Post.objects.filter(pk=old.pk).exists()


def test_incidents_go_when_they_have_been_over_for_a_quarter_and_owe_nothing() -> None:
    def an_incident(subject: str, *, over_for: float | None, step: str) -> Incident:
        open_incident("parked_key", subject, "held back")
        incident = Incident.objects.get(subject=subject)
        IncidentStep.objects.create(incident=incident, task="alerts.page", moment="opened", state=step)
        ended = None if over_for is None else Now() - timedelta(days=over_for)
        Incident.objects.filter(pk=incident.pk).update(opened_at=Now() - timedelta(days=300), resolved_at=ended)
        return incident

    an_incident("long over", over_for=90.1, step="done")
    kept = [
        an_incident("lately over", over_for=89.9, step="done"),
        an_incident("still open", over_for=None, step="done"),
        an_incident("owed", over_for=90.1, step="owed"),
    ]

    assert (prune_incidents(), prune_incidents()) == (1, 0)

    assert list(Incident.objects.order_by("pk")) == kept
    assert set(IncidentStep.objects.values_list("incident", flat=True)) == {one.pk for one in kept}
