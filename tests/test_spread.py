"""How the suite is spread over processes: what is named is there, and what must not meet is given out as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import spread

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("path", [*spread.GROUP, *spread.LONG])
def test_a_path_that_was_moved_is_not_forgotten(path: str) -> None:
    assert (ROOT / path).exists()


def test_whole_systems_go_to_one_process_first() -> None:
    demo, browser = "tests/embedded/test_demo.py::test_a", "tests/browser/test_axe.py::test_b"

    assert spread.unit_of(demo) == spread.unit_of(browser)
    assert spread.place_of(demo) == spread.place_of(browser) < spread.place_of("tests/faults/test_relay.py::test_c")


def test_any_other_file_is_a_unit_of_its_own() -> None:
    one, other = "tests/orders/test_desk.py::test_a[x::y]", "tests/orders/test_desk.py::test_b"

    assert spread.unit_of(one) == spread.unit_of(other) == "tests/orders/test_desk.py"
    assert spread.place_of("tests/faults/test_relay.py::test_c") < spread.place_of(one)
