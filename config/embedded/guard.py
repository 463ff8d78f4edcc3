"""Ends every child when its supervisor is gone, even if that was killed with `kill -9`.

A supervisor starts one guard and names each child's process group to it through a pipe. The kernel closes the
pipe when the supervisor ends, whatever ended it; the guard then kills the groups that were not struck off.
(PR_SET_PDEATHSIG would follow the thread that started the child, miss grandchildren, and exists on Linux only.)

Run as a file with `python -I -S`, so that it stays small and starts at once.
"""

import os
import signal
import sys
import time

#: Seconds between asking a group to end and making it.
GRACE = 3.0


def watch() -> set[int]:
    """Read `+group` and `-group` lines until the pipe closes; return the groups still alive then."""
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def alive(groups: set[int]) -> set[int]:
    still = set()
    for group in groups:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            continue
        still.add(group)
    return still


def end(groups: set[int]) -> None:
    """SIGTERM, a short grace, SIGKILL."""
    for number, grace in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 1.0)):
        for group in alive(groups):
            os.killpg(group, number)
        until = time.monotonic() + grace
        while alive(groups) and time.monotonic() < until:
            time.sleep(0.05)


if __name__ == "__main__":
    # Ctrl-C reaches the whole foreground group: the guard must outlive the supervisor it watches.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end(watch())
