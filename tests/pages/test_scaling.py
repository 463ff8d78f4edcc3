"""The operator's page of workers, and the lines it draws."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from config.operator.lines import Series, draw, nice_top, svg
from config.operator.scaling import pool_histories
from messaging.models import ScalingSample
from tests import factories

from .conftest import sign_in


def a_sample(*, ago: float, waiting: int, workers: int, wanted: int, reason: str = "") -> None:
    ScalingSample.objects.create(
        at=Now() - timedelta(seconds=ago),
        pool="others",
        waiting=waiting,
        in_work=2,
        age_seconds=1.5,
        workers=workers,
        wanted=wanted,
        reason=reason,
    )


@pytest.mark.django_db
def test_a_burst_is_drawn_with_what_was_decided() -> None:
    a_sample(ago=3600, waiting=999, workers=3, wanted=3)
    a_sample(ago=30, waiting=0, workers=1, wanted=1)
    a_sample(ago=20, waiting=240, workers=1, wanted=2, reason="240 wait")
    a_sample(ago=10, waiting=0, workers=2, wanted=1, reason="quiet")
    [pool] = pool_histories()
    assert (pool.deepest, [one.reason for one in pool.decisions]) == (240, ["quiet", "240 wait"])
    assert len(pool.depth.lines[0].points.split()) == 3
    page = sign_in(factories.make_operator()).get(reverse("operator-scaling")).content.decode()
    main = page[page.index("<main") :]
    assert "1 → 2" in main and "240 wait" in main and "999" not in main


@pytest.mark.django_db
def test_without_a_scaler_the_page_says_so() -> None:
    page = sign_in(factories.make_operator()).get(reverse("operator-scaling")).content.decode()
    assert "No scaler has looked" in page


def test_lines_stay_within_their_frame_and_steps_keep_their_value() -> None:
    drawing = draw([Series("a", [(0, 0), (10, 3)], step=True)], labels=[(0, "0"), (10, "10")], width=122, height=96)
    assert drawing.lines[0].points == "52,72 102,72 102,27"
    assert [text for _, text in drawing.ticks] == ["0", "2", "4"]


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.5, 2), (3, 4), (4.5, 5), (6, 10), (11, 20), (230, 400)])
def test_the_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert nice_top(value) == top


def test_a_file_is_well_formed_whatever_the_names() -> None:
    text = svg(draw([Series("a < b & c", [(1, 2)])], labels=[(1, "<1>")]), title="x < y")
    assert ElementTree.fromstring(text).tag.endswith("svg")


def test_nothing_to_draw_is_drawn() -> None:
    assert draw([Series("none", [])], labels=[]).lines[0].points == ""
