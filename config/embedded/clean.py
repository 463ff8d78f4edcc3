"""`python -m config.embedded.clean`: remove what this checkout's servers and downloads left on the machine."""

import fcntl
import sys

from . import paths


def in_use() -> str:
    """The process that holds this checkout's run state, or nothing."""
    home = paths.home()
    for lock in (home / "lock", home / "stack" / "lock", *home.glob("tests/*/lock")):
        try:
            with lock.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            continue
        except BlockingIOError:
            return lock.read_text()
    return ""


if __name__ == "__main__":
    if owner := in_use():
        sys.exit(f"The servers of this checkout are running (process {owner}): stop them first.")
    for path in paths.remove_everything():
        print(f"removed {path}")
