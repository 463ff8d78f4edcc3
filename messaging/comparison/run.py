"""Playing statements, one after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Sequence

from .notes import Notes, Result
from .stage import FULL, Size, Stage
from .statements import STATEMENTS, Statement

logger = logging.getLogger(__name__)


def choose(names: Sequence[str], *, among: Sequence[Statement] = STATEMENTS) -> list[Statement]:
    """Statements by name, in their own order; all where none is named.

    Raises:
        LookupError: no statement has that name.
    """
    known = {statement.name for statement in among}
    if strange := [name for name in names if name not in known]:
        raise LookupError(f"no statement is called {', '.join(strange)}: choose from {', '.join(sorted(known))}")
    return [statement for statement in among if not names or statement.name in names]


def play(statements: Sequence[Statement], *, size: Size = FULL) -> Generator[Result]:
    """Each statement's result as it comes. Queues, topics and groups are removed, also when this is broken off.

    Raises:
        messaging.kafka.Unreachable: no Kafka broker answers.
        botocore.exceptions.BotoCoreError, ClientError: SQS does not answer.
    """
    with Stage(size) as stage:
        for statement in statements:
            yield play_one(statement, stage)
            # Between statements, so that none competes with what an earlier one left.
            stage.clear()


def play_one(statement: Statement, stage: Stage) -> Result:
    """A statement that breaks off is not shown; the others still are."""
    notes = Notes()
    began = time.monotonic()
    failed = ""
    try:
        statement.show(stage, notes)
    except Exception as error:
        logger.warning("%s could not be shown", statement.name, exc_info=True)
        failed = f"{type(error).__name__}: {error}"[:500]
    return Result(statement.name, statement.text, notes, time.monotonic() - began, failed)
