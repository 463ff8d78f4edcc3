"""Faults on request in a demo: a page asks, and the supervisor, which owns the processes, does it.

The road between them is a folder of the run state that only the demo's own user may enter. A page can name a fault of
`FAULTS` and nothing else: no process, no signal, no length of time. The journal beside the requests tells what became
of them. Where no demo runs there is no such folder, and nobody who would read it.
"""

import contextlib
import json
import shutil
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .supervisor import Supervisor, Watched

#: Faults that the journal tells of.
KEPT = 8
#: Seconds after which a part that does not come back is not waited for any more.
PATIENCE = 120.0
JOURNAL = "journal.json"


@dataclass(frozen=True)
class Fault:
    """`part` is killed with kill -9 and started again after `seconds`; with `pause` it is stopped for so long instead
    (SIGSTOP, SIGCONT). `tells` says what there is to see meanwhile.
    """

    name: str
    title: str
    part: str
    seconds: float
    tells: str
    pause: bool = False


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            "worker",
            "Kill a worker",
            "worker-others",
            3.0,
            "kill -9 in the middle of its commands. New ones wait in SQS; those it held come back when their visibility"
            " timeout ends.",
        ),
        Fault(
            "relay",
            "Stop the relay",
            "relay",
            6.0,
            "Orders go on being taken: what they owe to both brokers waits in the outbox, in order.",
        ),
        Fault(
            "broker",
            "Pause the broker",
            "kafka",
            8.0,
            "SIGSTOP: Kafka holds its connections and answers nothing. Events wait in the outbox; commands go on over"
            " SQS.",
            pause=True,
        ),
        Fault(
            "sqs",
            "Restart SQS",
            "sqs",
            1.0,
            "kill -9 of the queue server. Commands wait in the outbox; workers receive again by themselves.",
        ),
        Fault(
            "consumers",
            "Stop the consumers",
            "consume",
            6.0,
            "Every group stands still and its lag grows; then each reads on from its stored offset.",
        ),
    )
}


@dataclass
class Entry:
    """One fault that happened; wall times in Unix seconds. `back` is when its part did its work again."""

    id: str
    fault: str
    began: float
    back: float | None = None
    given_up: bool = False

    @property
    def over(self) -> bool:
        return self.back is not None or self.given_up


@dataclass(frozen=True)
class Journal:
    """What can be asked for, and what was, the newest first."""

    available: list[str]
    entries: list[Entry]

    @property
    def under_way(self) -> Entry | None:
        return next((entry for entry in self.entries if not entry.over), None)


def folder_of(home: Path) -> Path:
    return home / "run" / "faults"


def ask(home: Path, fault: str) -> None:
    """Ask the demo of this run state for a fault.

    Raises:
        LookupError: there is no such fault. FileNotFoundError: no demo runs here.
    """
    if fault not in FAULTS:
        raise LookupError(f"no fault {fault!r}: there are {', '.join(FAULTS)}")
    folder = folder_of(home)
    name = uuid.uuid4().hex
    fresh = folder / f"{name}.new"
    fresh.write_text(fault)
    fresh.replace(folder / f"{name}.ask")


def read_journal(home: Path) -> Journal | None:
    """The journal of the demo that runs here; None where none does."""
    try:
        told = json.loads((folder_of(home) / JOURNAL).read_text())
        return Journal(list(told["available"]), [Entry(**entry) for entry in told["entries"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Switches:
    """The supervisor's side: call `look()` every moment or so, beside `watch()`. One fault at a time."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.folder = folder_of(supervisor.home)
        self.entries: list[Entry] = []
        self._open = False
        self._current: Entry | None = None
        self._paused_until: float | None = None

    def open(self) -> None:
        """Begin to listen; what an earlier demo left is forgotten."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        self._open = True
        self._write()

    def close(self) -> None:
        """Listen no more; what is paused goes on."""
        if self._open:
            self._open = False
            self._go_on()
            self._current = None
            shutil.rmtree(self.folder, ignore_errors=True)

    def look(self) -> None:
        if not self._open:
            return
        for request in sorted(self.folder.glob("*.ask")):
            name = request.read_text()
            request.unlink()
            self._begin(name)
        if self._current is not None:
            self._follow(self._current)

    def _begin(self, name: str) -> None:
        fault = FAULTS.get(name)
        if fault is None or self._current is not None or fault.part not in self.supervisor.watched:
            return
        self._current = Entry(uuid.uuid4().hex, fault.name, began=time.time())
        self.entries = [self._current, *self.entries][:KEPT]
        self._write()
        if fault.pause:
            self._watched(fault).child.pause()
            self._paused_until = time.monotonic() + fault.seconds
        else:
            self.supervisor.take_down(fault.part, seconds=fault.seconds)
        self.supervisor.say(fault.part, f"{'paused' if fault.pause else 'killed'} on request ({fault.title.lower()})")

    def _follow(self, entry: Entry) -> None:
        if self._paused_until is not None:
            if time.monotonic() < self._paused_until:
                return
            self._go_on()
        watched = self._watched(FAULTS[entry.fault])
        if watched.due is None and watched.child.alive() and watched.ready():
            entry.back = time.time()
        elif time.time() - entry.began > PATIENCE:
            entry.given_up = True
        if entry.over:
            self._current = None
            self._write()
            took = f"back after {entry.back - entry.began:.1f} s" if entry.back else "does not come back"
            self.supervisor.say(FAULTS[entry.fault].part, took)

    def _go_on(self) -> None:
        if self._paused_until is not None and self._current is not None:
            self._paused_until = None
            self._watched(FAULTS[self._current.fault]).child.resume()

    def _watched(self, fault: Fault) -> Watched:
        return self.supervisor.watched[fault.part]

    def _write(self) -> None:
        available = [fault.name for fault in FAULTS.values() if fault.part in self.supervisor.watched]
        told: dict[str, Any] = {"available": available, "entries": [asdict(entry) for entry in self.entries]}
        fresh = self.folder / f"{JOURNAL}.new"
        # A page may read at any moment. Where the folder went meanwhile, nobody reads.
        with contextlib.suppress(FileNotFoundError):
            fresh.write_text(json.dumps(told))
            fresh.replace(self.folder / JOURNAL)
