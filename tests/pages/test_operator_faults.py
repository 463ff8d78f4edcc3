"""Fault switches and the city's speed: only in a demo, only for operators, and only what the supervisor offers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.embedded.faults import FAULTS, Entry, folder_of
from config.operator import faults, recovery
from config.operator.recovery import CALM, Recorder, Sample, settled_at
from orders.city import city_now, the_city
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db


def sample(at: float, *, outbox: int = 0, oldest: float = 0.0, queued: int | None = 0, lag: int | None = 0) -> Sample:
    return Sample(at, outbox, oldest, queued, 0, lag)


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    settings.DEMO, settings.FORKROAD_HOME = True, tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def still_roads(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """What the roads hold is another test's business; here they are empty."""
    recorder = Recorder(lambda: sample(time.time()))
    for module in (recovery, faults):
        monkeypatch.setattr(module, "recorder", recorder)
    return recorder


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def listen(home: Path, *entries: Entry, available: tuple[str, ...] = tuple(FAULTS)) -> None:
    """A journal as the supervisor writes it."""
    folder = folder_of(home)
    folder.mkdir(parents=True)
    told = {"available": list(available), "entries": [vars(entry) for entry in entries]}
    (folder / "journal.json").write_text(json.dumps(told))


def asked(home: Path) -> list[str]:
    return [file.read_text() for file in folder_of(home).glob("*.ask")]


def press(client: Client, fault: str) -> str:
    return client.post(reverse("operator-break", args=[fault]), follow=True).content.decode()


def test_outside_a_demo_there_is_no_such_page(operator: Client, home: Path, settings: Any) -> None:
    listen(home)
    settings.DEMO = False
    assert operator.get(reverse("operator-faults")).status_code == 404
    assert operator.post(reverse("operator-break", args=["relay"])).status_code == 404
    assert operator.post(reverse("operator-speed"), {"speed": "10"}).status_code == 404
    assert asked(home) == [] and the_city().speed == 1
    assert reverse("operator-faults") not in operator.get(reverse("operator")).content.decode()


def test_only_operators_may(home: Path) -> None:
    listen(home)
    shop, courier, customer = factories.make_restaurant(), factories.make_courier(), factories.alice()
    for user in (shop.user, courier.user, customer):
        client = sign_in(user)
        assert client.get(reverse("operator-faults")).status_code == 403
        assert client.post(reverse("operator-break", args=["relay"])).status_code == 403
        assert client.post(reverse("operator-speed"), {"speed": "10"}).status_code == 403
    assert asked(home) == [] and the_city().speed == 1


def test_a_switch_asks_the_supervisor(operator: Client, home: Path) -> None:
    listen(home)
    page = operator.get(reverse("operator-faults")).content.decode()
    assert all(fault.title in page for fault in FAULTS.values())
    press(operator, "relay")
    assert asked(home) == ["relay"]


@pytest.mark.parametrize("fault", ["postgres", "web", "..", "relay.ask"])
def test_nothing_else_can_be_asked_for(operator: Client, home: Path, fault: str) -> None:
    listen(home)
    assert operator.post(f"/operator/faults/{fault}/break").status_code == 404
    assert asked(home) == []


def test_one_at_a_time_and_only_what_is_there(operator: Client, home: Path) -> None:
    listen(home, Entry("a", "broker", began=time.time()), available=("relay", "broker"))
    assert "wait until the fault before is over" in press(operator, "relay")
    assert "has no such part" in press(operator, "worker")
    assert asked(home) == []


def test_without_a_supervisor_it_says_so(operator: Client, home: Path) -> None:
    assert "none listens here" in operator.get(reverse("operator-faults")).content.decode()
    assert "Nothing was done" in press(operator, "relay")


def test_the_recovery_is_told_in_seconds(operator: Client, home: Path, still_roads: Recorder) -> None:
    now = time.time()
    still_roads.settled["b"] = now - 3.5
    listen(home, Entry("a", "broker", began=now), Entry("b", "relay", began=now - 10, back=now - 5.9))
    page = operator.get(reverse("operator-faults"), headers={"HX-Request": "true"}).content.decode()
    assert "Something is broken" in page and '<span class="pill pill-bad">paused</span>' in page
    assert "back after <strong>4.1 s</strong>, all worked off after <strong>6.5 s</strong>" in page
    assert page.count('<svg class="chart"') == 4


def test_worked_off_means_calm_for_two_looks_after_the_part_is_back() -> None:
    busy = [sample(1), sample(2, oldest=5.0, outbox=90), sample(3, queued=CALM + 1), sample(4, lag=CALM + 1)]
    assert settled_at(1.5, busy) is None
    assert settled_at(1.5, [*busy, sample(5), sample(6)]) == 5
    # A server that does not answer is not a calm one, and a part that is away is not back.
    assert settled_at(1.5, [*busy, sample(5), sample(6, queued=None), sample(7), sample(8, lag=None)]) is None
    assert settled_at(6.5, [*busy, sample(5), sample(6), sample(7)]) is None


def test_many_pages_make_one_sample_a_second() -> None:
    measured: list[Sample] = []

    def measure() -> Sample:
        measured.append(sample(time.time()))
        return measured[-1]

    recorder = Recorder(measure)
    assert [len(recorder.look()) for _ in range(5)] == [1] * 5
    assert len(measured) == 1


def test_the_city_changes_its_speed_without_a_jump(operator: Client, home: Path) -> None:
    before = city_now()
    page = operator.post(reverse("operator-speed"), {"speed": "240"}, follow=True).content.decode()
    after = city_now()
    assert "240 city seconds a second now" in page and the_city().speed == 240
    # No jump: what went by is at most what the quick clock made of the time between the two looks.
    operator.post(reverse("operator-speed"), {"speed": "1"})
    begun, again = city_now(), city_now()
    assert before < after <= begun <= again and (again - begun).total_seconds() < 60


@pytest.mark.parametrize("speed", ["", "0", "-1", "7", "1e9", "fast"])
def test_no_other_speeds(operator: Client, home: Path, speed: str) -> None:
    assert operator.post(reverse("operator-speed"), {"speed": speed}).status_code == 404
    assert the_city().speed == 1


def test_the_page_asks_little_of_the_database(operator: Client, home: Path, django_assert_max_num_queries: Any) -> None:
    listen(home)
    operator.get(reverse("operator-faults"))
    with django_assert_max_num_queries(8):
        operator.get(reverse("operator-faults"))
