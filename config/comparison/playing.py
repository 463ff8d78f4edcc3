"""Playing the whole comparison, written down as it goes: for the command and for a worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from kafka.errors import KafkaError

from messaging.comparison import keeping
from messaging.comparison.notes import Result
from messaging.comparison.run import choose, play
from messaging.comparison.stage import FULL, QUICK
from messaging.comparison.statements import STATEMENTS, Statement
from messaging.kafka import Unreachable
from messaging.models import ComparisonRun

from .brokers import BROKERS
from .running import RUNNING

#: All of them, in the order in which they are shown.
ALL: tuple[Statement, ...] = (*STATEMENTS, RUNNING)
#: Played only where they are named: they start servers of their own.
EXTRA: tuple[Statement, ...] = (BROKERS,)


class CannotPlay(ConnectionError):
    """A server does not answer, or refuses."""


def names() -> list[str]:
    return [statement.name for statement in ALL]


def play_run(run: ComparisonRun, *, report: Callable[[Result], None] = lambda result: None) -> list[Result]:
    """Play what a run names and close it, however this ends.

    Raises:
        CannotPlay: no queue or no broker is to be had; the run says so too.
    """
    found: list[Result] = []
    error = "broken off"
    try:
        # Closed here and now, so that nothing is left behind when the caller is interrupted.
        with contextlib.closing(play(chosen(run.statements), size=QUICK if run.quick else FULL)) as results:
            for result in results:
                found.append(result)
                keeping.note(run, result)
                report(result)
        error = ""
    except (Unreachable, KafkaError) as fault:
        error = f"Kafka: {fault}"
        raise CannotPlay(error) from fault
    except (BotoCoreError, ClientError) as fault:
        error = f"SQS: {fault}"
        raise CannotPlay(error) from fault
    finally:
        keeping.end(run, error=error)
    return found


def chosen(wanted: Sequence[str]) -> list[Statement]:
    """Statements by name; see `choose`. Without names all but those that start servers.

    Raises:
        LookupError
    """
    return choose(wanted, among=(*ALL, *EXTRA)) if wanted else list(ALL)
