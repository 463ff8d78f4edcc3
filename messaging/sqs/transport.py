"""What Celery loads: `broker_transport = "messaging.sqs.transport:Transport"`, with a broker URL of `sqs://`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kombu.utils.imports import symbol_by_name

from . import upstream
from .channel import Channel
from .client import new_client
from .gate import Gate
from .settling import Settler

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class Transport(upstream.Transport):  # type: ignore[misc]
    """kombu's SQS transport with this project's channel, and one settler and client for all its channels."""

    Channel = Channel
    #: A long poll waits on the server; a wait between polls on top of it only adds delay.
    polling_interval = 0

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self._sqs_client: SQSClient | None = None
        visibility = client.transport_options.get("visibility_timeout", 60)
        longest = client.transport_options.get("visibility_limit", 10 * visibility)
        answers = client.transport_options.get("answers")
        self.gate = Gate(symbol_by_name(answers)) if answers else None
        self.settler = Settler(self.client_for_settling, visibility=visibility, longest=longest)

    def client_for_settling(self) -> SQSClient:
        # One attempt a call: the settler has its own waits, and knows when a message is past saving.
        if self._sqs_client is None:
            self._sqs_client = new_client(read_timeout=5, attempts=1)
        return self._sqs_client

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        self.settler.close(within=5)
