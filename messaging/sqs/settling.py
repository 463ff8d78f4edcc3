"""Telling SQS what became of received messages, in batches, from one thread beside the event loop.

kombu 5.7 deletes each acknowledged message with a blocking call of its own from the loop that also receives, and
that loop was what limited a worker. Here the loop only notes the outcome; while one batch is on its way to the
server the next one gathers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .back_off import poll_delay
from .holding import Held, Holds
from .reach import BATCH as BATCH

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

#: Calls that may be on their way to SQS at once when much has gathered; a server of some distance needs more than one.
AT_ONCE = 4


@dataclass(slots=True)
class Outcome:
    """`visible_in` None deletes the message; a number of seconds makes it visible again after them."""

    url: str
    handle: str
    visible_in: int | None
    until: float
    attempts: int = 0


class Settler:
    """Keeps messages hidden, deletes them or gives them back; a thread that starts with the first of them.

    An outcome is tried again until it succeeds, SQS says that it never will, or the message's visibility timeout
    has passed anyway. What is given up is handed out again by SQS and met by the command's own idempotence.
    """

    def __init__(self, client: Callable[[], SQSClient], *, visibility: int, longest: float | None = None) -> None:
        self._client = client
        self._visibility = visibility
        self._holds = Holds(visibility=visibility, longest=visibility if longest is None else longest)
        self._waiting: deque[Outcome] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._callers: ThreadPoolExecutor | None = None
        self._busy = False
        self._closing = False
        self._deadline = float("inf")

    def hold(self, url: str, handle: str) -> None:
        """A message was received: keep it hidden until its outcome is known, or `longest` seconds have passed."""
        self._holds.add(url, handle)
        if self._thread is None or not self._thread.is_alive():
            with self._changed:
                self._ensure_thread()

    def delete(self, url: str, handle: str) -> None:
        """The command is done."""
        self._holds.drop(handle)
        self._add(Outcome(url, handle, None, time.monotonic() + self._visibility))

    def give_back(self, url: str, handle: str, *, after: int) -> None:
        """The command is not done: SQS hands it out again after so many seconds."""
        self._holds.drop(handle)
        self._add(Outcome(url, handle, after, time.monotonic() + self._visibility))

    def close(self, *, within: float) -> bool:
        """Send what is left, for at most `within` seconds; False when something had to be left behind."""
        with self._changed:
            self._closing = True
            self._holds.clear()
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
            self._ensure_thread()
            self._changed.notify_all()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._closing = False
            self._deadline = float("inf")
            self._thread = threading.Thread(target=self._run, name="sqs-settler", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        failures = 0
        look_at = time.monotonic() + self._holds.check_every
        while (outcomes := self._take(until=look_at)) is not None:
            if time.monotonic() >= look_at:
                self._renew()
                look_at = time.monotonic() + self._holds.check_every
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

    def _renew(self) -> None:
        """Hide for longer what is still being worked on; what fails here is due again at the next look."""
        groups: dict[str, list[Held]] = defaultdict(list)
        for held in self._holds.due():
            groups[held.url].append(held)
        for url, group in groups.items():
            for start in range(0, len(group), BATCH):
                batch = group[start : start + BATCH]
                failed = self._settle_batch([Outcome(url, held.handle, self._visibility, 0) for held in batch])
                again = {outcome.handle for outcome in failed}
                for held in batch:
                    if held.handle not in again:
                        self._holds.renewed(held)

    def _take(self, *, until: float) -> list[Outcome] | None:
        """All that waits, nothing when `until` has come, or None when there is nothing left to do for ever."""
        with self._changed:
            while not self._waiting:
                if self._closing:
                    return None
                if (left := until - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            outcomes = list(self._waiting)
            self._waiting.clear()
            return outcomes

    def _settle(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Tell SQS; return what should be tried again."""
        groups: dict[tuple[str, bool], list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            groups[outcome.url, outcome.visible_in is None].append(outcome)
        batches = [group[i : i + BATCH] for group in groups.values() for i in range(0, len(group), BATCH)]
        again = [outcome for unsettled in self._tell(batches) for outcome in unsettled]
        now = time.monotonic()
        expired = [outcome for outcome in again if outcome.until <= now]
        if expired:
            logger.warning("gave up telling SQS about %d messages whose visibility has run out", len(expired))
        return [outcome for outcome in again if outcome.until > now]

    def _tell(self, batches: list[list[Outcome]]) -> list[list[Outcome]]:
        if len(batches) > 1:
            try:
                if self._callers is None:
                    self._callers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sqs-settler")
                return list(self._callers.map(self._settle_batch, batches))
            except RuntimeError:
                # The interpreter is ending and starts no threads any more. What was told already is told once more,
                # which SQS does not mind.
                self._callers = None
        return [self._settle_batch(batch) for batch in batches]

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
                self._holds.drop(outcome.handle)
                logger.warning("SQS refused an outcome for a message of %s: %s", url, failed.get("Code"))
            else:
                outcome.attempts += 1
                again.append(outcome)
        return again
