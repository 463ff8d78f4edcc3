"""The asynchronous half of receiving: one long poll, whose failure is a value and never an exception.

In kombu 5.7.0 a 5xx or a broken connection makes `_on_list_ready` return a list where its caller expects a dict,
and a 400 (a throttle, say) raises inside a promise: either way nobody schedules the next poll, and the worker looks
alive while it receives nothing for ever (celery#8243).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from pycurl import SOCKET_TIMEOUT

from . import upstream

#: Seconds beyond a long poll's own wait after which its connection counts as dead.
GRACE = 10.0


@dataclass(frozen=True, slots=True)
class ReceiveFailed:
    reason: str


class HttpClient(upstream.CurlClient):  # type: ignore[misc]
    """Looks after its connections when libcurl asks for it.

    Upstream takes libcurl's milliseconds for seconds, and puts each request on the hub's timer, which fires ten
    entries a turn and then may sleep for a second: with several receives on their way a worker stood still for that
    long, again and again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._soon = False
        super().__init__(*args, **kwargs)
        # A hub that watches no socket, as between two receives, sleeps for 0.1 s whatever its threads tell it.
        self._anchors = socket.socketpair()
        self.hub.add_reader(self._anchors[0].fileno(), lambda: None)

    def close(self) -> None:
        if not self._closed:
            self.hub.remove(self._anchors[0].fileno())
            for anchor in self._anchors:
                anchor.close()
        super().close()

    def _set_timeout(self, msecs: int) -> None:
        if msecs == 0 and not self._soon:
            self._soon = True
            # Not `call_soon`: what is added while the hub works through that list waits until it has slept once.
            self.hub.call_later(0, self._look)
        elif 0 < msecs < 1000:
            self.hub.call_later(msecs / 1000, self._look)
        # What is further away than a second meets the client's own look once a second.

    def _look(self) -> None:
        self._soon = False
        if not self._closed:
            # What libcurl asks for when its time has come; `_timeout_check` leaves it to believe that it has not.
            self._on_event(SOCKET_TIMEOUT, 0)


class LongPollConnection(upstream.AsyncHTTPSConnection):  # type: ignore[misc]
    """Waits longer than the poll does: kombu's 20 s would end every empty poll of 20 s as a failure."""

    def getrequest(self) -> Any:
        request = super().getrequest()
        request.connect_timeout = 5.0
        return request


class ReceivingConnection(upstream.AsyncSQSConnection):  # type: ignore[misc]
    """Calls back with SQS's answer or with ReceiveFailed, always."""

    def __init__(self, sqs_connection: Any, *, wait_time_seconds: float, **kwargs: Any) -> None:
        super().__init__(sqs_connection, **kwargs)
        self._httpclient = HttpClient()
        self._timeout = wait_time_seconds + GRACE

    def get_http_connection(self) -> LongPollConnection:
        return LongPollConnection(http_client=self._httpclient, timeout=self._timeout)

    def _on_list_ready(self, parent: Any, markers: Any, operation: str, response: Any) -> Any:
        try:
            if response.status != self.STATUS_CODE_OK:
                body = response.read() or b""
                return ReceiveFailed(f"HTTP {response.status} {response.reason} {body[:300].decode(errors='replace')}")
            return super()._on_list_ready(parent, markers, operation, response)
        except Exception as error:
            return ReceiveFailed(f"an answer that cannot be read: {error!r}")
