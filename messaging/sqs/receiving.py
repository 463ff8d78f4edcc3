"""The asynchronous half of receiving: one long poll, whose failure is a value and never an exception.

In kombu 5.7.0 a 5xx or a broken connection makes `_on_list_ready` return a list where its caller expects a dict,
and a 400 (a throttle, say) raises inside a promise: either way nobody schedules the next poll, and the worker looks
alive while it receives nothing for ever (celery#8243).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import upstream

#: Seconds beyond a long poll's own wait after which its connection counts as dead.
GRACE = 10.0


@dataclass(frozen=True, slots=True)
class ReceiveFailed:
    reason: str


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
