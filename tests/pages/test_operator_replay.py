"""Replay from a page: asked for once, followed, called off, and done by whoever gets the command."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from config.operator.replaying import replay_group
from messaging.consuming.batch import apply_batch
from messaging.consuming.positions import live_number
from messaging.consuming.replay import Progress, begin_generation, forget_unfinished
from messaging.models import Generation, OutboxRow, ReplayRun
from messaging.replays import keeping, playing
from tests import factories
from tests.messaging.consuming.running import make_topics, metrics
from tests.messaging.consuming.test_effect_once import a_batch
from tests.messaging.streams import Record, a_key, produce
from tests.waiting import wait_for

from .conftest import sign_in

KIND = ReplayRun.Kind
HTMX = {"HX-Request": "true"}


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def start(client: Client, **changes: str) -> Any:
    return client.post(reverse("operator-replay-start"), {"group": "metrics", "kind": "compare", **changes})


@pytest.mark.django_db
def test_it_is_asked_for_once_and_followed(operator: Client) -> None:
    assert "No read model was built again" in operator.get(reverse("operator-replay")).content.decode()
    assert start(operator).status_code == 302
    again = start(operator)
    assert again.status_code == 422 and "another replay is under way" in again.content.decode()
    run = ReplayRun.objects.get()
    assert OutboxRow.objects.filter(type="alerts.replay").count() == 1
    assert "Asked for; a worker begins" in operator.get(reverse("operator-replay"), headers=HTMX).content.decode()
    taken = keeping.take(run.pk)
    assert taken is not None and keeping.note(taken, read=250, total=1000, events=240)
    page = operator.get(reverse("operator-replay"), headers=HTMX).content.decode()
    assert '<progress max="1000" value="250"' in page and "250 of 1,000 records read, 240 events applied" in page
    keeping.end(taken, outcome={"differences": 0, "examples": []})
    over = operator.get(reverse("operator-replay"), headers=HTMX)
    assert over["HX-Refresh"] == "true"
    assert "no difference" in operator.get(reverse("operator-replay")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"group": "notifications"}, "not one of the available choices"),
        ({"kind": "drop"}, "not one of the available choices"),
        ({"since": "2026-05-04T12:00"}, "from and to belong to a look"),
        ({"kind": "look"}, "from and to belong to a look"),
        ({"kind": "look", "since": "2026-05-04T12:00", "until": "2026-05-04T11:00"}, "ends before it begins"),
        ({"kind": "look", "since": "noon"}, "Enter a valid date/time"),
    ],
)
def test_nonsense_starts_nothing(operator: Client, changes: dict[str, str], said: str) -> None:
    answer = start(operator, **changes)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert not ReplayRun.objects.exists()


@pytest.mark.django_db
def test_only_operators_may() -> None:
    run = keeping.ask("metrics", KIND.REBUILD)
    shop, courier, customer = factories.make_restaurant(), factories.make_courier(), factories.alice()
    for user in (shop.user, courier.user, customer):
        client = sign_in(user)
        assert client.get(reverse("operator-replay")).status_code == 403
        assert start(client).status_code == 403
        assert client.post(reverse("operator-replay-call-off", args=[run.pk])).status_code == 403
    run.refresh_from_db()
    assert not run.called_off and ReplayRun.objects.count() == 1


@pytest.mark.django_db
def test_what_nobody_has_begun_is_called_off_at_once(operator: Client) -> None:
    start(operator)
    run = ReplayRun.objects.get()
    operator.post(reverse("operator-replay-call-off", args=[run.pk]))
    run.refresh_from_db()
    assert run.error == "called off before it began" and keeping.open_run() is None
    # Its command comes all the same, and does nothing.
    replay_group(run=run.pk)
    page = operator.post(reverse("operator-replay-call-off", args=[run.pk]), follow=True).content.decode()
    assert "Nothing was changed: it is over." in page and "ended early" in page


@pytest.mark.django_db
def test_a_repeat_waits_while_somebody_does_it_and_takes_over_when_they_are_lost() -> None:
    run = keeping.ask("metrics", KIND.COMPARE)
    first = keeping.take(run.pk)
    assert first is not None
    with pytest.raises(keeping.NotYet):
        keeping.take(run.pk)
    long_ago = Now() - timedelta(hours=1)
    ReplayRun.objects.update(seen_at=long_ago, begun_at=long_ago)
    first.refresh_from_db()
    second = keeping.take(run.pk)
    assert second is not None
    # The first one learns it with its next sign of life, and writes no more.
    assert not keeping.note(first, read=1, total=1, events=1)
    keeping.end(first, error="late")
    second.refresh_from_db()
    assert (second.read, second.ended_at) == (0, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace")
def test_rebuild_dry_run_and_a_look_are_done_and_told(operator: Client) -> None:
    # given three events
    group = metrics()
    make_topics(group)
    keys = [a_key() for _ in range(3)]
    produce([Record(key, 1) for key in keys])
    # when the model is built again
    replay_group(run=keeping.ask("metrics", KIND.REBUILD).pk)
    # then its next generation is the live one
    run = ReplayRun.objects.latest("pk")
    assert (run.error, run.read, run.events, run.outcome) == ("", 3, 3, {"generation": 2})
    assert live_number("metrics") == 2
    # and when it is compared, it is what the stream gives
    replay_group(run=keeping.ask("metrics", KIND.COMPARE).pk)
    assert ReplayRun.objects.latest("pk").outcome == {"differences": 0, "examples": []}
    # and a window of time is looked at without changing anything
    start(operator, kind="look", since="2026-01-01T00:00")
    replay_group(run=ReplayRun.objects.latest("pk").pk)
    run = ReplayRun.objects.latest("pk")
    counts = {table["name"]: table["count"] for table in run.outcome["tables"]}
    assert run.error == "" and counts["analytics_orderfact"] == 3 and live_number("metrics") == 2
    [facts] = [table for table in run.outcome["tables"] if table["name"] == "analytics_orderfact"]
    assert {dict(zip(facts["columns"], row, strict=True))["order_id"] for row in facts["rows"]} == set(keys)
    page = operator.get(reverse("operator-replay")).content.decode()
    assert "generation 2 is live" in page and "analytics_orderfact: 3 rows" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace")
def test_a_rebuild_called_off_leaves_the_live_model_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a rebuild that has read something and goes on for ever
    group = metrics()
    make_topics(group)
    produce([Record(a_key(), 1)])
    begun = threading.Event()

    def endless(group: Any, *, report: Any) -> Progress:
        forget_unfinished(group)
        number = begin_generation(group)
        apply_batch(group, a_batch(Record(a_key())), generation=number)
        begun.set()
        wait_for(lambda: report(Progress(began=0.0, read=1, total=9, events=1)), within=30, what="to be called off")
        raise AssertionError("never called off")

    monkeypatch.setattr(playing, "replay", endless)
    run = keeping.ask("metrics", KIND.REBUILD)
    caller = threading.Thread(target=lambda: begun.wait(20) and keeping.call_off(run.pk))
    caller.start()
    # when
    replay_group(run=run.pk)
    caller.join()
    # then
    run.refresh_from_db()
    assert run.error == "called off" and live_number("metrics") == 1
    assert not Generation.objects.filter(group="metrics", state="building").exists()
