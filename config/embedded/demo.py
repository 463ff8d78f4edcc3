"""The demo from start to end: bring everything up, show where it is, keep it up, judge it, take it down."""

import contextlib
import dataclasses
import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import maven, memory, paths
from . import parts as table
from .errors import EmbeddedError, last_lines
from .faults import Switches
from .parts import Options
from .ports import choose_port
from .process import Child
from .show import Display
from .stack import PREFERRED_PORTS, Stack, write_env
from .supervisor import Supervisor

#: City seconds in which every order under way should end.
END_OF_PLAY = 150 * 60.0
#: Seconds to work off what is left in outbox and queues, and then to read and compare everything.
DRAIN, JUDGING = 90.0, 180.0


class Demo:
    """One run. `seconds` ends it after that time; an instance ends it when it is played out; else Ctrl-C does."""

    def __init__(self, options: Options, *, seconds: float | None, display: Display) -> None:
        self.seconds = seconds
        self.display = display
        self.up = time.monotonic()
        self.interrupted = False
        self.home = paths.home()
        self.stack = Stack(self.home, ports=PREFERRED_PORTS)
        port = choose_port(options.port, avoid=self.stack.ports.values())
        gateway_port = choose_port(options.gateway_port, avoid=[port, *self.stack.ports.values()])
        receiver_port = choose_port(options.receiver_port, avoid=[port, gateway_port, *self.stack.ports.values()])
        taken = [port, gateway_port, receiver_port, *self.stack.ports.values()]
        self.options = dataclasses.replace(
            options,
            port=port,
            gateway_port=gateway_port,
            receiver_port=receiver_port,
            smtp_port=choose_port(options.smtp_port, avoid=taken),
            accepted=self.home / "accepted",
        )
        self.env = self.stack.env() | {
            "FORKROAD_DEMO": "1",
            "FORKROAD_TRACES": "database",
            "FORKROAD_URL": self.options.url,
            "PAYMENT_GATEWAY_URL": self.options.gateway_url,
            **self.options.mail(),
            # Made anew at every start: the sandbox signs what it sends at the time of sending.
            "PAYMENT_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        }
        self.supervisor = Supervisor(
            home=self.home,
            servers=self.stack.servers,
            steps=table.steps(self.options),
            parts=table.parts(self.options),
            env={**os.environ, **self.env, "FORKROAD_HOME": str(self.home), "PYTHONUNBUFFERED": "1"},
            cwd=paths.CHECKOUT,
            say=display.say,
        )
        self.switches = Switches(self.supervisor)

    def run(self) -> int:
        """Exit code: the verdict of `verify` where one is asked for, 130 when that was interrupted, else 0."""
        with self.signals(), self.claimed():
            if missing := maven.missing():
                self.display.say("kafka, sqs", f"fetching {missing} jars, about 1 MB each (once)")
            try:
                self.supervisor.start()
            except EmbeddedError:
                if self.interrupted:
                    return 130
                raise
            self.up = time.monotonic()
            self.switches.open()
            self.display.welcome(self.stack, self.options, left_out=self.left_out(), memory=self.memory())
            ends_itself = self.seconds is not None or self.options.instance is not None
            self.keep_up(self.is_over)
            if self.interrupted:
                return 130 if ends_itself else 0
            return self.conclude()

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        self.stack.claim()
        write_env(self.home / "run.env", self.env)
        try:
            yield
        finally:
            begun = time.monotonic()
            self.switches.close()
            self.supervisor.stop()
            self.stack.stop()
            self.display.say("demo", f"ended in {time.monotonic() - begun:.1f} s")
            # Whoever reads settings now must not be sent to servers that are gone.
            (self.home / "run.env").unlink(missing_ok=True)

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.signal(number, self.interrupt) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def interrupt(self, *_: object) -> None:
        self.interrupted = True
        self.supervisor.ending.set()

    def keep_up(self, until: Callable[[], bool], *, within: float | None = None) -> bool:
        """Watch the parts until the condition holds; whether it did before the time was up or the demo was ended."""
        deadline = None if within is None else time.monotonic() + within
        while not until():
            self.supervisor.watch()
            self.switches.look()
            if (deadline is not None and time.monotonic() > deadline) or self.supervisor.ending.wait(0.2):
                return False
        return True

    def is_over(self) -> bool:
        if self.seconds is not None:
            return time.monotonic() - self.up >= self.seconds
        return self.options.instance is not None and self.play_ended()

    def play_ended(self) -> bool:
        play = self.supervisor.watched.get("simulate")
        return play is None or not play.child.alive()

    def conclude(self) -> int:
        """End the play, let everything drain, judge, print the summary; the exit code is the verdict's."""
        # What is judged from here on must be the system's own doing.
        self.switches.close()
        play = self.supervisor.watched.get("simulate")
        if play is not None and play.child.popen is not None and play.child.alive():
            self.display.say("simulate", "places no more orders; those under way are played to their end")
            play.ends = True
            play.child.popen.send_signal(signal.SIGTERM)
            patience = END_OF_PLAY / self.options.speed + 30
            if not self.keep_up(self.play_ended, within=patience):
                self.display.say("simulate", f"has not ended after {patience:.0f} s (log: {play.child.log})")
        megabytes = {name: round(size / 2**20) for name, size in self.memory().items()}
        code, verdict = self.judge()
        if self.interrupted:
            return 130
        if play is not None and play.child.returncode != 0:
            self.display.say("simulate", f"ended with code {play.child.returncode} (log: {play.child.log})")
            code = code or 1
        summary = {
            "ok": code == 0,
            "seconds": round(time.monotonic() - self.display.begun, 1),
            **verdict.pop("summary", {}),
            "simulator": last_json(play.child.output) if play else {},
            "memory_mib": megabytes | {"total": sum(megabytes.values())},
            "restarts": {name: kept.restarts for name, kept in self.supervisor.watched.items() if kept.restarts},
            "verify": verdict,
        }
        self.display.summary(summary)
        return code

    def judge(self) -> tuple[int, dict[str, Any]]:
        """The exit code of `verify`, which first lets everything arrive, and its answer."""
        argv: tuple[str, ...] = (*table.MANAGE, "verify", "--json", "--final", "--wait", f"{DRAIN:g}")
        if self.options.accepted and self.options.accepted.exists():
            argv += self.options.promises()
        child = Child("verify", argv, home=self.home, env=self.supervisor.env, cwd=paths.CHECKOUT, output=True)
        begun = time.monotonic()
        child.spawn()
        finished = self.keep_up(lambda: not child.alive(), within=DRAIN + JUDGING)
        child.kill()
        code = 1 if child.returncode is None or not finished else child.returncode
        verdict = "every promise kept" if code == 0 else f"NOT every promise kept (log: {child.log})"
        if not (answer := last_json(child.output)):
            self.display.console.print("\n".join(last_lines(child.log, lines=20)), markup=False)
        self.display.say("verify", f"{verdict}, after {time.monotonic() - begun:.1f} s")
        return code, answer

    def left_out(self) -> list[table.Part]:
        everything = table.parts(dataclasses.replace(self.options, without=frozenset()))
        return [part for part in everything if self.options.leaves_out(part.name)]

    def memory(self) -> dict[str, int]:
        """Bytes by part; the supervisor itself, with its guard, under its own name."""
        sizes = {
            name: memory.tree_bytes(watched.child.pid)
            for name, watched in self.supervisor.watched.items()
            if watched.child.alive()
        }
        sizes["supervisor"] = max(0, memory.tree_bytes(os.getpid()) - sum(sizes.values()))
        return sizes


def last_json(file: Path | None) -> dict[str, Any]:
    """The last line of a command's output that is a JSON object; a whole indented object counts too."""
    text = file.read_text(errors="replace").strip() if file and file.exists() else ""
    for candidate in (text, *reversed(text.splitlines())):
        with contextlib.suppress(ValueError):
            value = json.loads(candidate)
            if isinstance(value, dict):
                return value
    return {}


def run(options: Options, *, seconds: float | None, as_json: bool) -> int:
    """Run the demo; an error is told in words, with the log's last lines, and ends with code 1."""
    display = Display(as_json=as_json)
    try:
        return Demo(options, seconds=seconds, display=display).run()
    except EmbeddedError as error:
        display.console.print(str(error), markup=False)
        if as_json:
            print(json.dumps({"ok": False, "error": str(error)}))
        return 1
