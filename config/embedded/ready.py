"""How a long-running part says that it serves: it touches the file its supervisor named."""

import os
from pathlib import Path

VARIABLE = "FORKROAD_READY_FILE"


def mark_ready() -> None:
    """Call once the part does its work (connected, subscribed, lock taken or waited for). No supervisor: no effect."""
    if named := os.environ.get(VARIABLE):
        Path(named).touch()
