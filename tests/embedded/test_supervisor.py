"""The supervisor starts in order, starts again what dies, leaves nothing behind, and says what failed."""

import dataclasses
import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded.errors import NotReady
from config.embedded.parts import Part, Step
from config.embedded.process import Child, end_leftover, running
from config.embedded.supervisor import Supervisor
from tests.waiting import wait_for

STANDIN = Path(__file__).with_name("standin.py")


def standin(name: str, *flags: str, needs: tuple[str, ...] = ()) -> Part:
    return Part(name, (sys.executable, str(STANDIN), name, *flags), needs=needs)


def python(name: str, code: str, *, needs: tuple[str, ...] = ()) -> Step:
    return Step(name, (sys.executable, "-c", code), needs=needs)


def started(folder: Path, name: str) -> list[list[int]]:
    """Process id and child's id of each start of a stand-in so far."""
    file = folder / f"{name}.pids"
    return [[int(pid) for pid in line.split()] for line in file.read_text().splitlines()] if file.exists() else []


def lives(pid: int) -> bool:
    try:
        return running(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


Make = Callable[..., Supervisor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Supervisor] = []

    def make(*, steps: list[Step] | None = None, parts: list[Part] | None = None, patience: float = 20) -> Supervisor:
        lines: list[str] = []
        supervisor = Supervisor(
            home=tmp_path / "home",
            servers=[],
            steps=steps or [],
            parts=parts or [],
            env=dict(os.environ),
            cwd=tmp_path,
            say=lambda name, text: lines.append(f"{name}: {text}"),
            patience=patience,
        )
        supervisor.lines = lines  # type: ignore[attr-defined]
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop()


def test_each_starts_only_when_what_it_needs_is_ready(make: Make, tmp_path: Path) -> None:
    write = "open('order', 'a').write('{} ')"
    supervisor = make(
        steps=[python("second", write.format("second"), needs=("first",)), python("first", write.format("first"))],
        parts=[standin("third", needs=("second",))],
    )
    supervisor.start()
    assert (tmp_path / "order").read_text() == "first second "
    assert len(started(tmp_path, "third")) == 1


def test_what_was_left_out_is_not_waited_for(make: Make, tmp_path: Path) -> None:
    make(parts=[standin("only", needs=("absent",))]).start()
    assert len(started(tmp_path, "only")) == 1


def test_a_patient_part_has_the_processor_after_the_others(make: Make, tmp_path: Path) -> None:
    make(parts=[standin("hasty"), dataclasses.replace(standin("slow"), patient=True)]).start()
    hasty, slow = (psutil.Process(started(tmp_path, name)[0][0]).nice() for name in ("hasty", "slow"))
    assert slow == min(19, hasty + 10)


def test_a_part_that_dies_is_started_again_and_its_children_are_not_kept(make: Make, tmp_path: Path) -> None:
    supervisor = make(parts=[standin("part")])
    supervisor.start()
    [[pid, child]] = started(tmp_path, "part")

    os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        supervisor.watch()
        return len(started(tmp_path, "part")) == 2

    wait_for(back, within=10, what="the part to be started again")
    assert not lives(child)
    assert supervisor.watched["part"].restarts == 1
    lines: list[str] = supervisor.lines  # type: ignore[attr-defined]
    log = tmp_path / "home" / "logs" / "part.log"
    assert f"part: ended with code -9; starts again in 1 s (log: {log})" in lines


def test_a_part_that_never_gets_ready_is_named_with_its_log(make: Make, tmp_path: Path) -> None:
    supervisor = make(parts=[standin("mute", "--silent")], patience=0.5)
    with pytest.raises(NotReady, match=r"mute was not ready after 0\.5 s") as caught:
        supervisor.start()
    assert caught.value.log == tmp_path / "home" / "logs" / "mute.log"
    [[pid, child]] = started(tmp_path, "mute")
    assert not lives(pid)
    assert not lives(child)


def test_a_part_that_fails_shows_its_last_lines_and_ends_the_others(make: Make, tmp_path: Path) -> None:
    supervisor = make(parts=[standin("well"), standin("broken", "--fail", needs=("well",))])
    with pytest.raises(NotReady, match="broken ended with code 1 before it was ready") as caught:
        supervisor.start()
    assert "  | no such luck" in str(caught.value)
    [[pid, _]] = started(tmp_path, "well")
    assert not lives(pid)


def test_a_step_that_fails_stops_the_start(make: Make, tmp_path: Path) -> None:
    supervisor = make(
        steps=[python("migrate", "raise SystemExit('no table')")], parts=[standin("web", needs=("migrate",))]
    )
    with pytest.raises(NotReady, match=r"migrate did not finish \(code 1\)[\s\S]*no table"):
        supervisor.start()
    assert started(tmp_path, "web") == []


def test_kill_9_of_the_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from config.embedded.parts import Part
from config.embedded.supervisor import Supervisor
part = lambda name: Part(name, (sys.executable, {str(STANDIN)!r}, name))
here = Path({str(tmp_path)!r})
Supervisor(home=here / "home", servers=[], steps=[], parts=[part("a"), part("b")], env=dict(os.environ),
           cwd=here, say=print).start()
(here / "up").touch()
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code]) as supervisor:
        wait_for((tmp_path / "up").exists, within=20, what="the stand-in system to be up")
        pids = [pid for name in ("a", "b") for pid in started(tmp_path, name)[0]]
        assert len(pids) == 4
        assert all(lives(pid) for pid in pids)
        supervisor.kill()
    wait_for(
        lambda: not any(lives(pid) for pid in pids),
        within=10,
        what=f"processes {pids} to be gone after their supervisor was killed",
    )


def test_a_process_left_behind_is_ended_before_the_next_start(tmp_path: Path) -> None:
    child = Child("part", [sys.executable, "-c", "import time; time.sleep(60)"], home=tmp_path)
    child.spawn()
    assert child.pid_file.exists()
    end_leftover(child.pid_file)
    assert not lives(child.pid)
    assert not child.pid_file.exists()
    child.kill()


def test_a_pid_file_whose_number_was_given_to_another_process_harms_nobody(tmp_path: Path) -> None:
    other = Child("other", [sys.executable, "-c", "import time; time.sleep(60)"], home=tmp_path)
    other.spawn()
    stale = tmp_path / "stale.pid"
    stale.write_text(f'{{"pid": {other.pid}, "started": 1.0}}')
    end_leftover(stale)
    assert other.alive()
    other.kill()


def test_somebody_elses_answer_at_its_port_does_not_make_a_part_ready(make: Make) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        try:
            part = dataclasses.replace(standin("web"), health=f"http://127.0.0.1:{stranger.server_port}/")
            with pytest.raises(NotReady, match=r"web was not ready after 1 s.*web\.log"):
                make(parts=[part], patience=1).start()
        finally:
            stranger.shutdown()
