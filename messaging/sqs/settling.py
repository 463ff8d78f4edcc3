"""Telling SQS what became of received messages, in batches, from one thread beside the event loop.

kombu 5.7 deletes each acknowledged message with a blocking call of its own from the loop that also receives, and
that loop was what limited a worker. Here the loop only notes the outcome; while one batch is on its way to the
server the next one gathers.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .back_off import poll_delay

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

#: SQS's limit for any batch.
BATCH = 10


@dataclass(slots=True)
class Outcome:
    """`visible_in` None deletes the message; a number of seconds makes it visible again after them."""

    url: str
    handle: str
    visible_in: int | None
    until: float
    attempts: int = 0


class Settler:
    """Deletes messages or gives them back; a thread that starts with the first of them.

    An outcome is tried again until it succeeds, SQS says that it never will, or the message's visibility timeout
    has passed anyway. What is given up is handed out again by SQS and met by the command's own idempotence.
    """

    def __init__(self, client: Callable[[], SQSClient], *, visibility: float) -> None:
        self._client = client
        self._visibility = visibility
        self._waiting: deque[Outcome] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self._closing = False
        self._deadline = float("inf")

    def delete(self, url: str, handle: str) -> None:
        """The command is done."""
        self._add(Outcome(url, handle, None, time.monotonic() + self._visibility))

    def give_back(self, url: str, handle: str, *, after: int) -> None:
        """The command is not done: SQS hands it out again after so many seconds."""
        self._add(Outcome(url, handle, after, time.monotonic() + self._visibility))

    def close(self, *, within: float) -> bool:
        """Send what is left, for at most `within` seconds; False when something had to be left behind."""
        with self._changed:
            self._closing = True
            self._deadline = time.monotonic() + within
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(within + 1)
        if self._waiting:
            logger.warning("left %d outcomes untold: SQS will hand these messages out again", len(self._waiting))
        return not self._waiting

    def _add(self, outcome: Outcome) -> None:
        with self._changed:
            self._waiting.append(outcome)
            if self._thread is None or not self._thread.is_alive():
                self._closing = False
                self._deadline = float("inf")
                self._thread = threading.Thread(target=self._run, name="sqs-settler", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while (outcomes := self._take()) is not None:
            unsettled = self._settle(outcomes)
            with self._changed:
                self._waiting.extendleft(reversed(unsettled))
                if not unsettled:
                    failures = 0
                    continue
                failures += 1
                now = time.monotonic()
                if now >= self._deadline:
                    return
                self._changed.wait(min(poll_delay(failures), self._deadline - now))

    def _take(self) -> list[Outcome] | None:
        """All that waits, or None when there is nothing left to do for ever."""
        with self._changed:
            while not self._waiting:
                if self._closing:
                    return None
                self._changed.wait()
            outcomes = list(self._waiting)
            self._waiting.clear()
            return outcomes

    def _settle(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Tell SQS; return what should be tried again."""
        groups: dict[tuple[str, bool], list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            groups[outcome.url, outcome.visible_in is None].append(outcome)
        again: list[Outcome] = []
        for group in groups.values():
            iterator = iter(group)
            while batch := list(itertools.islice(iterator, BATCH)):
                again += self._settle_batch(batch)
        now = time.monotonic()
        expired = [outcome for outcome in again if outcome.until <= now]
        if expired:
            logger.warning("gave up telling SQS about %d messages whose visibility has run out", len(expired))
        return [outcome for outcome in again if outcome.until > now]

    def _settle_batch(self, batch: list[Outcome]) -> list[Outcome]:
        url, first = batch[0].url, batch[0]
        entries: list[Any] = [{"Id": str(i), "ReceiptHandle": outcome.handle} for i, outcome in enumerate(batch)]
        answer: Any
        try:
            if first.visible_in is None:
                answer = self._client().delete_message_batch(QueueUrl=url, Entries=entries)
            else:
                for entry, outcome in zip(entries, batch, strict=True):
                    entry["VisibilityTimeout"] = outcome.visible_in
                answer = self._client().change_message_visibility_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError, OSError) as error:
            log = logger.warning if not batch[0].attempts else logger.debug
            log("could not settle %d messages of %s, trying again: %s", len(batch), url, error)
            for outcome in batch:
                outcome.attempts += 1
            return batch
        again = []
        # A batch call answers 200 even when none of its entries was done.
        for failed in answer.get("Failed", []):
            outcome = batch[int(failed["Id"])]
            if failed.get("SenderFault"):
                logger.warning("SQS refused an outcome for a message of %s: %s", url, failed.get("Code"))
            else:
                outcome.attempts += 1
                again.append(outcome)
        return again
