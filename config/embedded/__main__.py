"""`python -m config.embedded`: the bare servers, kept until Ctrl-C, for tests and experiments.

Prints the file with their addresses. Everything they stored is removed at the end.
"""

import shutil
import signal
import sys
import threading

from . import paths
from .errors import EmbeddedError
from .stack import throwaway_stack, write_env


def main() -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    home = paths.home() / "stack"
    try:
        with throwaway_stack(home) as stack:
            write_env(home / "run.env", stack.env())
            print(home / "run.env", flush=True)
            print(f"Run the tests against it: FORKROAD_TEST_STACK={home / 'run.env'} make test", file=sys.stderr)
            ended.wait()
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
