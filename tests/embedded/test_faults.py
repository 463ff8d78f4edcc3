"""Fault switches: a page asks by a file, the supervisor does what is on its list, one at a time, and tells when it
is over.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded import faults
from config.embedded.faults import FAULTS, Fault, Switches, ask, folder_of, read_journal
from config.embedded.parts import Part
from config.embedded.supervisor import Supervisor
from tests.embedded.test_supervisor import STANDIN, lives, started
from tests.waiting import wait_for

#: The real list, on two stand-ins and without its waits.
SWITCHES = {
    "relay": dataclasses.replace(FAULTS["relay"], part="a", seconds=0.0),
    "broker": dataclasses.replace(FAULTS["broker"], part="b", seconds=0.2),
    "sqs": FAULTS["sqs"],
}


@pytest.fixture
def switches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switches]:
    monkeypatch.setattr(faults, "FAULTS", SWITCHES)
    supervisor = Supervisor(
        home=tmp_path / "home",
        servers=[],
        steps=[],
        parts=[Part(name, (sys.executable, str(STANDIN), name)) for name in ("a", "b")],
        env=dict(os.environ),
        cwd=tmp_path,
        say=lambda name, text: None,
        patience=20,
    )
    supervisor.start()
    made = Switches(supervisor)
    made.open()
    yield made
    made.close()
    supervisor.stop()


def home(switches: Switches) -> Path:
    return switches.supervisor.home


def until(switches: Switches, condition: Callable[[], bool], what: str) -> None:
    """Let the supervisor do its rounds until something holds."""

    def round() -> bool:
        switches.supervisor.watch()
        switches.look()
        return condition()

    wait_for(round, within=20, what=what)


def over(switches: Switches) -> bool:
    journal = read_journal(home(switches))
    return journal is not None and bool(journal.entries) and journal.under_way is None


def test_a_part_is_killed_and_comes_back_and_the_journal_says_after_how_long(
    switches: Switches, tmp_path: Path
) -> None:
    [[pid, child]] = started(tmp_path, "a")
    ask(home(switches), "relay")
    until(switches, lambda: over(switches), "the part to be back")
    assert len(started(tmp_path, "a")) == 2 and len(started(tmp_path, "b")) == 1
    assert not lives(pid) and not lives(child)
    journal = read_journal(home(switches))
    assert journal is not None
    [entry] = journal.entries
    assert entry.fault == "relay" and entry.back is not None and entry.back > entry.began
    # It was asked for: the part did not die, and waits no longer the next time.
    assert switches.supervisor.watched["a"].deaths == 0


def test_a_part_is_paused_and_goes_on(switches: Switches, tmp_path: Path) -> None:
    [[pid, _]] = started(tmp_path, "b")
    ask(home(switches), "broker")
    switches.look()
    wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, within=10, what="the part to be paused")
    until(switches, lambda: over(switches), "the part to go on")
    assert psutil.Process(pid).status() != psutil.STATUS_STOPPED
    assert len(started(tmp_path, "b")) == 1


def test_what_is_paused_goes_on_when_the_demo_ends(switches: Switches, tmp_path: Path) -> None:
    [[pid, _]] = started(tmp_path, "b")
    ask(home(switches), "broker")
    switches.look()
    switches.close()
    wait_for(lambda: psutil.Process(pid).status() != psutil.STATUS_STOPPED, within=10, what="the part to go on")
    assert read_journal(home(switches)) is None and not folder_of(home(switches)).exists()
    with pytest.raises(FileNotFoundError):
        ask(home(switches), "broker")


def test_one_at_a_time(switches: Switches, tmp_path: Path) -> None:
    ask(home(switches), "broker")
    switches.look()
    ask(home(switches), "relay")
    until(switches, lambda: over(switches), "the first to be over")
    assert len(started(tmp_path, "a")) == 1
    journal = read_journal(home(switches))
    assert journal is not None and [entry.fault for entry in journal.entries] == ["broker"]


@pytest.mark.parametrize("text", ["postgres", "", "relay\n", "../a", '{"part": "a", "signal": 9}', "sqs"])
def test_whatever_else_lies_there_does_nothing(switches: Switches, tmp_path: Path, text: str) -> None:
    (folder_of(home(switches)) / "x.ask").write_text(text)
    switches.look()
    assert not list(folder_of(home(switches)).glob("*.ask"))
    journal = read_journal(home(switches))
    assert journal is not None and journal.entries == [] and journal.available == ["relay", "broker"]
    assert len(started(tmp_path, "a")) == len(started(tmp_path, "b")) == 1


def test_only_its_own_user_may_ask(switches: Switches) -> None:
    assert folder_of(home(switches)).stat().st_mode & 0o077 == 0


def test_an_unknown_fault_is_refused_before_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no fault 'postgres'"):
        faults.ask(tmp_path, "postgres")


def test_a_journal_that_is_none_counts_as_no_demo(tmp_path: Path) -> None:
    assert read_journal(tmp_path) is None
    folder_of(tmp_path).mkdir(parents=True)
    for text in ("", "{", "[]", json.dumps({"available": [], "entries": [{"odd": 1}]})):
        (folder_of(tmp_path) / "journal.json").write_text(text)
        assert read_journal(tmp_path) is None


def test_a_killed_part_that_is_dead_again_is_told_as_such(switches: Switches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "PATIENCE", 0.0)
    switches.supervisor.watched["a"].ready = lambda: False
    ask(home(switches), "relay")
    until(switches, lambda: over(switches), "it to be given up")
    journal = read_journal(home(switches))
    assert journal is not None and journal.entries[0].given_up and journal.entries[0].back is None


def test_every_fault_is_of_a_part_that_the_demo_runs() -> None:
    from config.embedded.parts import Options, parts

    known = {part.name for part in parts(Options(port=1))} | {"postgres", "kafka", "sqs"}
    assert {fault.part for fault in FAULTS.values()} <= known
    assert all(isinstance(fault, Fault) and 0 < fault.seconds <= 10 for fault in FAULTS.values())
