import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orders.city import METRES_PER_DEGREE as PLATFORM_METRES_PER_DEGREE
from orders.city import distance_metres
from orders.city import to_degrees as platform_to_degrees
from simulator.instance import InstanceError, read_instance
from simulator.plan import METRES_PER_DEGREE, ORIGIN, to_degrees

TINY = Path(__file__).parents[1] / "instances" / "tiny"
MIDNIGHT = datetime(2026, 6, 5, tzinfo=UTC)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "copy"))


def change(file: Path, line: int, text: str | None) -> None:
    lines = file.read_text().splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    file.write_text("\n".join(lines) + "\n")


def test_the_tiny_instance_is_read_whole() -> None:
    city = read_instance(TINY)

    assert city.name == "tiny"
    assert (city.metres_per_minute, city.pickup_minutes, city.dropoff_minutes) == (320.0, 4.0, 4.0)
    assert [zone.slug for zone in city.zones] == ["instance"]
    assert [each.slug for each in city.restaurants] == ["r1", "r2", "r3", "r4"]
    assert [each.username for each in city.couriers] == ["c-c1", "c-c2", "c-c3", "c-c4", "c-c5"]
    assert len(city.orders) == 12
    first = city.orders[0]
    assert (first.id, first.restaurant, first.customer) == ("o1", "r2", "cust-001")
    assert first.placed_at == MIDNIGHT + timedelta(minutes=8)
    assert first.ready_at == MIDNIGHT + timedelta(minutes=14)
    assert {order.customer for order in city.orders} <= {each.username for each in city.customers}


def test_couriers_keep_their_hours() -> None:
    couriers = {each.username: each for each in read_instance(TINY).couriers}

    assert couriers["c-c5"].on_at == MIDNIGHT + timedelta(minutes=10)
    assert couriers["c-c5"].off_at == MIDNIGHT + timedelta(minutes=60)


def test_degrees_agree_with_the_platform_and_distances_survive_them() -> None:
    latitude, longitude = ORIGIN

    assert METRES_PER_DEGREE == PLATFORM_METRES_PER_DEGREE
    for x, y in [(0.0, 0.0), (9755.0, 1693.0), (-3000.5, 12000.25)]:
        assert to_degrees(x, y) == platform_to_degrees(x, y, latitude=latitude, longitude=longitude)
    there = distance_metres(to_degrees(100, 200), to_degrees(3100, 4200), origin_latitude=latitude)
    assert there == pytest.approx(5000, abs=1e-6)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstanceError, match="nowhere: no such folder"):
        read_instance(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["orders.txt", "restaurants.txt", "couriers.txt", "instance_parameters.txt"])
def test_a_missing_file_is_named(instance: Path, name: str) -> None:
    (instance / name).unlink()

    with pytest.raises(InstanceError, match=f"{name}: the file is missing"):
        read_instance(instance)


@pytest.mark.parametrize(
    ("name", "line", "text", "complaint"),
    [
        ("orders.txt", 1, "order x y", r"orders.txt, line 1: must name the tab-separated columns order, x, y"),
        ("orders.txt", 3, "o2\t10\t20\t5\tr1", r"orders.txt, line 3: has 5 tab-separated values, must be 6"),
        ("orders.txt", 3, "o2\teast\t20\t5\tr1\t9", r"orders.txt, line 3: x must be a number, not 'east'"),
        ("orders.txt", 3, "o2\tnan\t20\t5\tr1\t9", r"orders.txt, line 3: x must be a number, not 'nan'"),
        ("orders.txt", 3, "o2\t10\t20\t5.5\tr1\t9", r"line 3: placement_time must be whole minutes"),
        ("orders.txt", 3, "o2\t10\t20\t-5\tr1\t9", r"line 3: placement_time must be whole minutes"),
        ("orders.txt", 3, "o2\t10\t20\t5\tr9\t9", r"line 3: restaurant 'r9' is not in restaurants.txt"),
        ("orders.txt", 3, "o2\t10\t20\t15\tr1\t9", r"line 3: ready_time is before placement_time"),
        ("orders.txt", 3, "o1\t10\t20\t5\tr1\t9", r"line 3: order 'o1' stands on line 2 already"),
        ("orders.txt", 3, "o 2\t10\t20\t5\tr1\t9", r"line 3: order must be a name of letters and digits, not 'o 2'"),
        ("couriers.txt", 2, "c1\t1\t1\t90\t90", r"couriers.txt, line 2: off_time must be after on_time"),
        ("instance_parameters.txt", 2, "0\t4\t4\t40\t90\t10\t15", r"line 2: meters_per_minute must be more than 0"),
        ("instance_parameters.txt", 2, None, r"instance_parameters.txt: holds 0 lines of parameters, must be one"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(
    instance: Path, name: str, line: int, text: str | None, complaint: str
) -> None:
    change(instance / name, line, text)

    with pytest.raises(InstanceError, match=complaint):
        read_instance(instance)


def test_an_empty_and_a_binary_file_are_refused(instance: Path) -> None:
    (instance / "orders.txt").write_text("order\tx\ty\tplacement_time\trestaurant\tready_time\n")
    with pytest.raises(InstanceError, match=r"orders.txt: holds no order"):
        read_instance(instance)

    (instance / "orders.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InstanceError, match=r"orders.txt: cannot be read as text"):
        read_instance(instance)
