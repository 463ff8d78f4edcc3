"""Free ports on the loopback address."""

import random
import socket
from collections.abc import Collection

HOST = "127.0.0.1"

#: Below every system's ephemeral range (Linux starts at 32768): an outgoing connection cannot take a port
#: between our choosing it and the server's binding it.
LOWEST, HIGHEST = 20000, 32000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set it too: without it a port that only has closed connections in TIME_WAIT would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose_port(preferred: int | None = None, *, avoid: Collection[int] = ()) -> int:
    """The preferred port when it is free, else a free one that is not in `avoid`."""
    if preferred is not None and preferred not in avoid and is_free(preferred):
        return preferred
    for _ in range(1000):
        port = random.randint(LOWEST, HIGHEST)
        if port not in avoid and is_free(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} on {HOST}")
