"""kombu's SQS channel, corrected: it keeps receiving, settles in batches, and never deletes what was not done."""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Collection
from functools import cached_property
from typing import Any

from vine import promise

from . import upstream
from .back_off import message_delay, poll_delay
from .client import queue_url
from .delay import delay_by_sqs
from .reach import BATCH, Reach
from .receiving import ReceiveFailed, ReceivingConnection
from .settling import Settler
from .vetting import fault_of

logger = logging.getLogger(__name__)

#: Seconds until a channel that may not receive looks again by itself: a full one, in case Celery allows it more (a pool
#: that grows), and one whose gate is closed. kombu looks again at once, which with a polling interval of zero burns a
#: whole core for as long as all slots are taken.
LOOK = 0.5
#: Receives of a queue that may be on their way at once beside its long poll, while each brings as much as it may.
EXTRA = 3


class QoS(upstream.QoS):  # type: ignore[misc]
    """Messages that a worker holds, and how many more it may take."""

    def __init__(self, channel: Channel, prefetch_count: int = 0) -> None:
        super().__init__(channel, prefetch_count)
        self._owner = os.getpid()
        self._reach = Reach(most=channel.transport_options.get("prefetch_most", 6 * BATCH))

    @property
    def limit(self) -> int:
        """How many messages may be held; 0 is no limit."""
        return self._reach.limit(self.prefetch_count) if self.prefetch_count else 0

    def can_consume(self) -> bool:
        return self.can_consume_max_estimate() != 0

    def can_consume_max_estimate(self) -> int | None:
        limit = self.limit
        return max(limit - len(self._delivered) + len(self._dirty), 0) if limit else None

    def worth_asking(self) -> bool:
        """Whether there is room enough for a receive to be worth its round trip.

        Asked for one message whenever one slot is free, SQS is asked ten times for ten messages.
        """
        room = self.can_consume_max_estimate()
        return room is None or room >= min(BATCH, max(1, self.limit // 2))

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)
        self.channel.begun.discard(delivery_tag)
        self._reach.done()
        self.channel.room_made()

    def restore_unacked(self) -> list[Any]:
        """Give all that is held back at once: upstream hides each for `wait_time_seconds` more, a call a message."""
        self._flush()
        # A forked pool child inherits this object, and must not give back what its parent still works on.
        if os.getpid() == self._owner:
            self.channel.give_back(except_for=())
        self._delivered.clear()
        return []


class Channel(upstream.Channel):  # type: ignore[misc]
    """One consumer's view of the queues.

    Corrects upstream in: polling (`_schedule_queue`, `_loop1`, `_on_messages_ready`), settling (`basic_ack`,
    `basic_reject`), delays (`_put`), queues (taken from `messaging.topology` instead of the configuration) and clients
    (one, not one a queue).
    """

    QoS = QoS
    _asynsqs: ReceivingConnection | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._failures: dict[str, int] = {}
        #: Queues whose long poll is open, and how many receives are on their way beside it.
        self.polling: set[str] = set()
        self.extra: Counter[str] = Counter()
        #: Queues that wait for room, and those with a timer for it.
        self._full: set[str] = set()
        self._looks: set[str] = set()
        self._hub_thread = 0
        #: Receipt handles of held messages whose commands have begun (`requests`).
        self.begun: set[str] = set()
        self.leaving = False
        super().__init__(*args, **kwargs)

    @cached_property
    def predefined_queues(self) -> dict[str, dict[str, str]]:
        """Plain name → address, so that `-Q payments` means this namespace's queue; asked of the server."""
        return {queue: {"url": queue_url(queue)} for queue in self.transport_options["queues"]}

    def sqs(self, queue: str | None = None) -> Any:
        return self.connection.client_for_settling()

    def asynsqs(self, queue: str | None = None) -> ReceivingConnection:
        if self._asynsqs is None:
            self._asynsqs = ReceivingConnection(self.sqs(), wait_time_seconds=self.wait_time_seconds)
        return self._asynsqs

    @property
    def settler(self) -> Settler:
        settler: Settler = self.connection.settler
        return settler

    def _schedule_queue(self, queue: str) -> None:
        self._hub_thread = threading.get_ident()
        if queue not in self._active_queues or self.leaving or queue in self.polling:
            return
        if self._shut:
            self._look_later(queue)
            return
        if not self._has_room(queue):
            return
        self.polling.add(queue)
        try:
            self._get_bulk_async(queue, callback=promise(self._loop1, (queue,)))
        except Exception as error:
            # Signing asks for credentials, which may be away for a moment as well.
            self.polling.discard(queue)
            self._receive_failed(queue, ReceiveFailed(repr(error)))
            self._loop1(queue)

    @property
    def _shut(self) -> bool:
        """Whether what every command needs is away, so that nothing is to be received."""
        gate = self.connection.gate
        return gate is not None and gate.closed

    def _has_room(self, queue: str) -> bool:
        """Whether to ask for messages now; if not, the queue is asked again when there is room."""
        if self.qos.worth_asking():
            return True
        self._full.add(queue)
        if self.qos.worth_asking():
            # A thread settled the last message between the look and the note.
            self._full.discard(queue)
            return True
        self._look_later(queue)
        return False

    def _look_later(self, queue: str) -> None:
        if queue not in self._looks:
            self._looks.add(queue)
            self.hub.call_later(LOOK, self._look_again, queue)

    def _look_again(self, queue: str) -> None:
        self._looks.discard(queue)
        self._schedule_queue(queue)

    def room_made(self) -> None:
        """A message is settled; called by the thread that did it, which may be any."""
        while self._full and self.qos.worth_asking():
            try:
                queue = self._full.pop()
            except KeyError:
                return
            if threading.get_ident() == self._hub_thread:
                self.hub.call_later(0, self._schedule_queue, queue)
            else:
                self.hub.call_soon(self._schedule_queue, queue)

    def _loop1(self, queue: str, messages_fetched: int | None = None) -> None:
        """Poll again: at once, or after the back-off when the last poll failed.

        At once is a timer of zero seconds: what the hub's own thread adds by `call_soon` while the hub works through
        its timers, where answers may arrive as well, waits until the hub has slept once, for up to a second.
        """
        failures = self._failures.get(queue, 0)
        if failures:
            self.hub.call_later(poll_delay(failures), self._schedule_queue, queue)
        else:
            self.hub.call_later(0, self._schedule_queue, queue)

    def _on_messages_ready(self, url: str, queue: str, answer: Any) -> int:
        self.polling.discard(queue)
        return self._take_in(url, queue, answer)

    def _take_in(self, url: str, queue: str, answer: Any) -> int:
        if isinstance(answer, ReceiveFailed):
            self._receive_failed(queue, answer)
            return 0
        if failures := self._failures.pop(queue, 0):
            logger.warning("receiving from %s again after %d failures", queue, failures)
        messages = answer.get("Messages") or []
        for raw in messages:
            self._deliver(url, queue, raw)
        if len(messages) == BATCH and not self._shut:
            self._receive_more(url, queue)
        return len(messages)

    def _receive_more(self, url: str, queue: str) -> None:
        """Where one receive found as much as it may bring, ask for more at once; without waiting, so it ends soon."""
        while (
            not self.leaving
            and queue in self._active_queues
            and self.extra[queue] < EXTRA
            and ((room := self.qos.can_consume_max_estimate()) is None or room >= BATCH * (self.extra.total() + 1))
        ):
            self.extra[queue] += 1
            try:
                self.asynsqs(queue).receive_message(
                    queue,
                    url,
                    number_messages=BATCH,
                    wait_time_seconds=0,
                    callback=promise(self._on_more_ready, (url, queue)),
                )
            except Exception as error:
                self._on_more_ready(url, queue, ReceiveFailed(repr(error)))
                return

    def _on_more_ready(self, url: str, queue: str, answer: Any) -> None:
        self.extra[queue] -= 1
        self._take_in(url, queue, answer)

    def _receive_failed(self, queue: str, failure: ReceiveFailed) -> None:
        self._failures[queue] = failures = self._failures.get(queue, 0) + 1
        log = logger.warning if failures in (1, 2) or failures % 10 == 0 else logger.debug
        log("could not receive from %s (%d in a row): %s", queue, failures, failure.reason)

    def _deliver(self, url: str, queue: str, raw: dict[str, Any]) -> None:
        """Hand one received message to Celery, unless it is none or nobody consumes any more."""
        handle = raw["ReceiptHandle"]
        if self.connection is None:
            return
        callback = self.connection._callbacks.get(queue)
        if callback is None or self.leaving:
            self.settler.give_back(url, handle, after=0)
            return
        receives = int(raw.get("Attributes", {}).get("ApproximateReceiveCount", 1))
        try:
            payload = self._message_to_python(raw, queue, url)
            fault = fault_of(payload)
        except Exception as error:
            fault = f"the body cannot be read: {error!r}"
        if fault is not None:
            logger.error(
                "message %s of %s is no command (receive %d): %s", raw.get("MessageId"), queue, receives, fault
            )
            self.settler.give_back(url, handle, after=min(1, self._delay(receives)))
            return
        payload["headers"]["receive_count"] = receives
        # Rejecting looks for the queue here; a message sent by hand may not carry it.
        payload["properties"]["delivery_info"]["routing_key"] = queue
        self.settler.hold(url, handle)
        try:
            callback(payload)
        except Exception:
            logger.exception("message %s of %s broke the worker's receiver", raw.get("MessageId"), queue)
            self.basic_reject(handle)

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        if not queue.endswith(".fifo"):
            delay_by_sqs(message)
        super()._put(queue, message, **kwargs)

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Delete the message, in the settler's next batch."""
        if (message := self._held(delivery_tag)) is not None:
            self.settler.delete(message.delivery_info["sqs_queue"], delivery_tag)
        self.qos.ack(delivery_tag)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Let the message come back after a wait that grows with its receive count.

        Upstream deletes a rejected message when it cannot see a redrive policy, and otherwise lets it wait out its
        visibility timeout. Here `requeue` makes no difference: only SQS's redrive policy ends a message's life.
        """
        if self.connection.gate is not None:
            self.connection.gate.doubt()
        if (message := self._held(delivery_tag)) is not None:
            receives = int(message.headers.get("receive_count", 1))
            self.settler.give_back(message.delivery_info["sqs_queue"], delivery_tag, after=self._delay(receives))
        self.qos.ack(delivery_tag)

    def give_back(self, *, except_for: Collection[str]) -> int:
        """Make held messages visible to other workers now, except those with these receipt handles."""
        self.qos._flush()
        given = [tag for tag in self.qos._delivered if tag not in except_for]
        for tag in given:
            message = self.qos._delivered[tag]
            self.settler.give_back(message.delivery_info["sqs_queue"], tag, after=0)
            self.qos.ack(tag)
        self.qos._flush()
        return len(given)

    def _held(self, delivery_tag: str) -> Any:
        return None if delivery_tag in self.qos._dirty else self.qos._delivered.get(delivery_tag)

    def _delay(self, receives: int) -> int:
        options = self.transport_options
        return message_delay(receives, cap=options["back_off_cap"], max_receives=options["max_receives"])
