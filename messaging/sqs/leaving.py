"""Stopping a worker without taking messages along.

A warm shutdown waits for the commands that run. Upstream, the messages prefetched behind them stay hidden all that
time; and a long poll that is still open at the server when the worker ends is answered into the void (seen with
ElasticMQ): its messages stay hidden for a whole visibility timeout.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import bootsteps
from celery.worker import state

logger = logging.getLogger(__name__)


class Leave(bootsteps.StartStopStep):
    """First step of the consumer's shutdown: give back what has not begun, then see open polls to their end."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def close(self, consumer: Any) -> None:
        channel = self._channel(consumer)
        if channel is None:
            return
        channel.leaving = True
        running = {request.message.delivery_tag for request in tuple(state.active_requests)}
        # Among what has begun may be what has ended just now, and is about to be settled by its own thread.
        if given := channel.give_back(except_for=running | channel.begun):
            logger.info("gave %d prefetched messages back", given)

    def stop(self, consumer: Any) -> None:
        channel = self._channel(consumer)
        if channel is None or consumer.hub is None:
            return
        deadline = time.monotonic() + channel.wait_time_seconds + 1
        while (channel.polling or channel.extra.total()) and time.monotonic() < deadline and not state.should_terminate:
            consumer.hub.run_once()

    def terminate(self, consumer: Any) -> None:
        """A cold shutdown does not wait."""

    def _channel(self, consumer: Any) -> Any:
        task_consumer = getattr(consumer, "task_consumer", None)
        channel = getattr(task_consumer, "channel", None)
        return channel if hasattr(channel, "leaving") else None
