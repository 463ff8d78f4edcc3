"""Old records go, and only those."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from delivery import duties
from messaging import pruning
from messaging.models import ScalingSample, Span, TaskRun

pytestmark = pytest.mark.django_db


def a_run(*, days: float) -> int:
    run = TaskRun.objects.create(
        task_id=uuid.uuid4(), task="alerts.tell", queue="alerts", started_at=Now() - timedelta(days=days)
    )
    return run.pk


def test_runs_older_than_a_fortnight_go(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: more old rows than one statement takes
    monkeypatch.setattr(pruning, "BATCH", 2)
    for _ in range(5):
        a_run(days=14.1)
    kept = [a_run(days=13.9), a_run(days=0)]
    # when
    assert duties.prune_records() == 5
    # then
    assert list(TaskRun.objects.order_by("id").values_list("id", flat=True)) == kept
    assert duties.prune_records() == 0


def test_one_call_removes_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    monkeypatch.setattr(pruning, "ROUNDS", 2)
    for _ in range(5):
        a_run(days=20)
    assert (pruning.prune(), pruning.prune()) == (4, 1)


def test_the_days_are_settings(settings: Any) -> None:
    settings.TASK_RUN_DAYS, settings.SPAN_DAYS = 1, 0.5
    a_run(days=1.1)
    moment = Now() - timedelta(days=0.6)
    Span.objects.create(trace_id="a" * 32, span_id="b" * 16, name="x", part="web", started_at=moment, ended_at=moment)
    ScalingSample.objects.create(
        at=Now() - timedelta(days=1.1), pool="others", waiting=1, in_work=0, age_seconds=1, workers=1, wanted=1
    )
    assert pruning.prune() == 3
