"""The command that the replay page sends."""

from __future__ import annotations

from messaging.replays import keeping
from messaging.tasks import command


@command(keeping.COMMAND, throws=(keeping.NotYet,))
def replay_group(*, run: int) -> None:
    """Do the replay with this number, unless it has ended; a repeat waits while somebody does it."""
    taken = keeping.take(run)
    if taken is not None:
        # Imported here: a worker that is never asked for one needs no consumer runtime.
        from messaging.replays.playing import play

        play(taken)
