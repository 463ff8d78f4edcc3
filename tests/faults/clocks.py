"""Processes whose clock is wrong, and jumps while they run.

Where libfaketime is at hand it does this to any program; here it is done to Python's own clock, by a `sitecustomize`
that every child of a test imports before anything else. What a process reads of a broker or of the database is right
as ever, and so is time.monotonic, which no change of a machine's clock moves.
"""

from __future__ import annotations

from pathlib import Path

SITE = """
import datetime, os, pathlib, sys, time

_part = next((word for word in ("sweep", "relay", "payments@%h", "worker@%h") if word in sys.orig_argv), "other")
_file = pathlib.Path(os.environ["FORKROAD_CLOCKS"], _part.partition("@")[0])
_real, _real_ns, _monotonic, _datetime = time.time, time.time_ns, time.monotonic, datetime.datetime
_localtime, _gmtime = time.localtime, time.gmtime
_known = [-1.0, 0.0]


def shift():
    now = _monotonic()
    if now - _known[0] > 0.05:
        _known[:] = now, float(_file.read_text()) if _file.exists() else 0.0
    return _known[1]


def _now(tz=None):
    return _datetime.now(tz) + datetime.timedelta(seconds=shift())


class _Meta(type):
    def __instancecheck__(cls, other):
        return isinstance(other, _datetime) if cls is Shifted else super().__instancecheck__(other)

    def __subclasscheck__(cls, other):
        return issubclass(other, _datetime) if cls is Shifted else super().__subclasscheck__(other)


class Shifted(_datetime, metaclass=_Meta):
    def __new__(cls, *args, **kwargs):
        return _datetime.__new__(_datetime if cls is Shifted else cls, *args, **kwargs)

    @classmethod
    def now(cls, tz=None):
        return _now(tz)

    @classmethod
    def today(cls):
        return _now()

    @classmethod
    def utcnow(cls):
        return _now(datetime.timezone.utc).replace(tzinfo=None)


time.time = lambda: _real() + shift()
time.time_ns = lambda: _real_ns() + int(shift() * 1e9)
time.localtime = lambda seconds=None: _localtime(time.time() if seconds is None else seconds)
time.gmtime = lambda seconds=None: _gmtime(time.time() if seconds is None else seconds)
datetime.datetime = Shifted
"""


class Clocks:
    """The clocks of the processes started with `env`, each by the name of its part in `tests.system`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sitecustomize.py").write_text(SITE)
        self.env = {"PYTHONPATH": str(folder), "FORKROAD_CLOCKS": str(folder)}

    def set(self, part: str, seconds: float) -> None:
        """Let this part's clock be so many seconds ahead (negative: behind) from now on."""
        new = self.folder / f"{part}.new"
        new.write_text(f"{seconds}")
        new.replace(self.folder / part)
