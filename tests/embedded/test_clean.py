"""`make clean` never pulls the data from under running servers."""

from pathlib import Path

import pytest

from config.embedded.clean import in_use
from config.embedded.stack import Stack


@pytest.mark.parametrize("where", [".", "stack", "tests/abc"])
def test_a_running_stack_of_this_checkout_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("FORKROAD_HOME", str(tmp_path))
    assert in_use() == ""
    stack = Stack(tmp_path / where)
    stack.claim()
    try:
        assert in_use() != ""
    finally:
        stack.stop()
    assert in_use() == ""
