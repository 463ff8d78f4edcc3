"""The command that the page's button sends."""

from __future__ import annotations

import logging

from messaging.comparison import keeping
from messaging.tasks import command

from .playing import CannotPlay, play_run

logger = logging.getLogger(__name__)


@command(keeping.COMMAND, throws=(keeping.NotYet,))
def compare(*, run: int) -> None:
    """Play the run with this number, unless it has ended; a repeat waits while somebody plays it."""
    taken = keeping.take(run)
    if taken is None:
        return
    try:
        play_run(taken)
    except CannotPlay as error:
        # Written into the run, where the person who asked sees it; to try again is theirs to decide.
        logger.warning("the comparison could not be played: %s", error)
