"""Old events answer, from a real topic; and the live groups do not notice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from analytics.dashboard.scope import Scope
from analytics.history import questions
from analytics.history.export import NotEmpty, export
from analytics.history.rules import Promise
from analytics.models import OrderLife
from delivery.events import CourierOnline
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import get_group
from messaging.consuming.replay import CannotReplay
from messaging.consuming.topics import ABOUT, reading
from messaging.models import StoredOffset
from orders.events import OrderAccepted, OrderCancelled
from tests import factories
from tests.analytics.test_dashboard import Told, at
from tests.messaging.consuming.running import running, wait_until_caught_up
from tests.messaging.streams import NOON, make_topic, produce
from tests.messaging.streams import Record as Made
from tests.pages.conftest import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

WEEK = timedelta(days=7) / timedelta(minutes=1)


@pytest.fixture
def told(namespace: str) -> Iterator[Told]:
    """Five orders of this hour and two of the same hour a week ago, in Kafka."""
    make_topic("orders.events", partitions=2)
    make_topic("couriers.events", partitions=1)
    told = Told()
    for order, minutes in ((1, 30), (2, 50), (3, 70)):
        told.placed(order, order, total=1000)
        told.fact(order, OrderAccepted, order + 1, "accepted", ready_by=at(order + 20))
        told.delivered(order, order + minutes, minutes=minutes)
    told.placed(4, 10)
    told.fact(4, OrderCancelled, 12, "cancelled", by="customer", reason="hungry")
    told.placed(5, 59)
    told.placed(6, -WEEK + 5, total=700)
    told.delivered(6, -WEEK + 25, minutes=20)
    told.placed(7, -WEEK + 65)
    old = [one for one in told.records if one.time < NOON - timedelta(days=1)]
    told.records = old + [one for one in told.records if one not in old]
    produce(told.records)
    yield told


def asked_of(statement: str) -> list[tuple[Any, ...]]:
    """DuckDB's answer."""
    with duckdb.connect() as database:
        answer: list[tuple[Any, ...]] = database.execute(statement).fetchall()
        return answer


def positions() -> list[tuple[Any, ...]]:
    return list(StoredOffset.objects.order_by("pk").values_list())


def test_an_hour_beside_the_same_a_week_ago_and_nothing_live_is_touched(told: Told) -> None:
    with running(get_group("dashboard")):
        wait_until_caught_up(get_group("dashboard"))
    before, rows = positions(), list(OrderLife.objects.order_by("pk").values_list())
    assert before and len(rows) == 7

    now, week, month = questions.hours(NOON)

    assert (now.placed, now.delivered, now.ended_early, now.open, now.revenue) == (5, 3, 1, 1, 3000)
    assert (now.click_to_door, now.click_to_door_p90, now.reasons) == (3000.0, 3960.0, {"hungry": 1})
    assert now.curve == [3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (week.placed, week.delivered, week.revenue, week.click_to_door) == (1, 1, 700, 1200.0)
    assert (month.placed, month.click_to_door) == (0, None)
    assert questions.hours(NOON, scope=Scope(zone="harbour"))[0].placed == 0
    assert positions() == before
    assert list(OrderLife.objects.order_by("pk").values_list()) == rows
    assert rebuild_and_compare(get_group("dashboard")) == []


def test_another_rule_is_tried_on_what_happened(told: Told) -> None:
    usual, strict, kitchen = questions.rules(
        NOON,
        NOON + timedelta(hours=1),
        [Promise(within=60, at_risk=45), Promise(within=45, at_risk=55), Promise(after_ready=25, at_risk=20)],
    )
    # Doors were reached after 30, 50 and 70 minutes, and the fifth order is open for hours.
    assert (usual.orders, usual.delivered, usual.kept, usual.late) == (5, 3, 2, 1)
    assert (usual.flagged, usual.flagged_late, usual.warned) == (3, 1, 1)
    assert (strict.kept, strict.late, strict.flagged, strict.flagged_late, strict.warned) == (1, 2, 2, 1, 0)
    # 25 minutes after the kitchen's own promise of 20: 45 minutes.
    assert (kitchen.kept, kitchen.late, kitchen.flagged, kitchen.warned) == (1, 2, 4, 2)
    assert usual.kept_share == 2 / 3


def test_too_much_to_read_is_refused_before_it_is_read(told: Told) -> None:
    with pytest.raises(CannotReplay, match="ask about a shorter time"):
        questions.hours(NOON, most=5)
    assert not OrderLife.objects.exists()


def test_the_command_tells_and_counts_in_json(told: Told) -> None:
    asked = StringIO()
    call_command("history", "hour", "--from", NOON.isoformat(), "--json", stdout=asked)
    windows = json.loads(asked.getvalue())["windows"]
    assert [window["placed"] for window in windows] == [5, 1, 0]
    asked = StringIO()
    call_command(
        "history", "rule", "--from", NOON.isoformat(), "--to", at(60).isoformat(), "--promise", "45", stdout=asked
    )
    assert "promise 45 min, at risk after 45 min" in asked.getvalue() and "2 (66.7%)" in asked.getvalue()
    with pytest.raises(CommandError, match="later than --from"):
        call_command("history", "hour", "--from", at(60).isoformat(), "--to", NOON.isoformat())


def test_the_command_without_a_time_says_what_it_needs(told: Told) -> None:
    with pytest.raises(CommandError, match="say --from"):
        call_command("history", "hour")


def test_the_page_answers_and_says_when_it_cannot(told: Told) -> None:
    operator = sign_in(factories.make_operator())
    asked: dict[str, Any] = {"ask": "hour", "since": "2026-05-04T12:00", "hours": 1, "within": 60, "at_risk": 45}
    page = operator.get(reverse("operator-history"), asked)
    assert [window.placed for window in page.context["windows"]] == [5, 1, 0]
    assert "Orders placed then" in page.content.decode()
    page = operator.get(reverse("operator-history"), asked | {"ask": "rule", "within": 45})
    assert [outcome.kept for outcome in page.context["outcomes"]] == [2, 1]
    page = operator.get(reverse("operator-history"), asked | {"hours": 99})
    assert "windows" not in page.context and page.status_code == 200


def test_an_export_holds_every_event_once_and_duckdb_reads_it(told: Told, tmp_path: Path) -> None:
    broken = Made(str(uuid.uuid4()), 1, value=b"{not json")
    produce([broken])
    done = export("orders.events", out=tmp_path / "all", part=7)
    assert done.rows == len(told.records) + 1
    assert len(done.files) == -(-done.rows // 7) and all(path.stat().st_size for path in done.files)

    found = asked_of(
        f"SELECT count(*), count(DISTINCT id), count(data), sum((data->>'$.total')::int),"
        f" count(*) FILTER (WHERE type = 'order.placed') FROM '{tmp_path}/all/*.parquet'"
    )
    assert found == [(done.rows, done.rows, done.rows - 1, 3 * 1000 + 2000 + 2000 + 700 + 2000, 7)]
    kept = asked_of(f"SELECT min(time), max(sequence) FROM '{tmp_path}/all/*.parquet'")
    assert kept == [(at(-WEEK + 5), 3)]
    assert json.loads((tmp_path / "all" / "export.json").read_text())["rows"] == done.rows
    assert sorted(path.suffix for path in (tmp_path / "all").iterdir()) == [".json", *[".parquet"] * len(done.files)]

    with pytest.raises(NotEmpty):
        export("orders.events", out=tmp_path / "all")


def test_an_export_of_a_window_is_that_windows_events(told: Told, tmp_path: Path) -> None:
    written = StringIO()
    window = ("--from", (NOON - timedelta(days=8)).isoformat(), "--to", NOON.isoformat())
    call_command("history", "export", *window, "--out", str(tmp_path / "week"), "--json", stdout=written)
    assert json.loads(written.getvalue())["rows"] == 3
    count = asked_of(f"SELECT count(*) FROM '{tmp_path}/week/*.parquet'")
    assert count == [(3,)]
    nothing = export("couriers.events", out=tmp_path / "none")
    assert (nothing.rows, asked_of(f"SELECT count(*) FROM '{tmp_path}/none/*.parquet'")) == (0, [(0,)])
    with pytest.raises(CommandError, match="no topic nowhere"):
        call_command("history", "export", "--topic", "nowhere", "--out", str(tmp_path / "x"))


def test_a_time_is_found_in_a_long_partition_without_reading_it(namespace: str) -> None:
    make_topic("couriers.events", partitions=1)
    times = [NOON + timedelta(seconds=n) for n in range(4 * ABOUT)]
    produce(
        [Made("5", n + 1, CourierOnline(courier_id=5, zone="centre"), time=one) for n, one in enumerate(times)],
        topic="couriers.events",
    )
    group = get_group("dashboard")
    wanted: datetime = times[3 * ABOUT]
    with reading(group) as reader:
        (low,) = (at for place, at in reader.offsets_at(wanted, before=True).items() if place[0] == "couriers.events")
        (high,) = (at for place, at in reader.offsets_at(wanted, before=False).items() if place[0] == "couriers.events")
    assert 3 * ABOUT - ABOUT <= low <= 3 * ABOUT <= high <= 3 * ABOUT + ABOUT
