"""One way to reach SQS, Amazon's or any other server that speaks its protocol."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings

from messaging.names import full_queue

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

#: Codes by which SQS says "later", beside any 5xx.
THROTTLES = frozenset({"ThrottlingException", "Throttling", "RequestThrottled", "OverLimit", "RequestLimitExceeded"})


class QueueMissing(LookupError):
    """A declared queue does not exist on the server yet."""


def new_client(*, read_timeout: float = 10, attempts: int = 3) -> SQSClient:
    """A client by the settings; without keys in them, by the machine's own AWS credentials. Timeouts in seconds."""
    return boto3.Session().client(
        "sqs",
        region_name=settings.AWS_REGION,
        endpoint_url=settings.SQS_ENDPOINT_URL or None,
        aws_access_key_id=settings.AWS_ACCESS_KEY_ID or None,
        aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY or None,
        config=Config(
            connect_timeout=3,
            read_timeout=read_timeout,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            tcp_keepalive=True,
            max_pool_connections=16,
        ),
    )


@cache
def shared_client() -> SQSClient:
    """The process's client for everything that is not time-critical; boto3 clients may be shared by threads."""
    return new_client()


_urls: dict[str, str] = {}


def queue_url(queue: str) -> str:
    """The address of a queue by its plain name (`payments`, `payments-dead`), asked once a process.

    Raises:
        QueueMissing: `manage.py topology` has not been run against this server.
        ConnectionError: the server answers that it cannot answer now.
    """
    name = full_queue(queue)
    if name not in _urls:
        try:
            _urls[name] = shared_client().get_queue_url(QueueName=name)["QueueUrl"]
        except ClientError as error:
            if is_missing(error):
                raise QueueMissing(f"queue {name} does not exist: run `manage.py topology` to create it") from error
            if is_transient(error):
                raise ConnectionError(f"SQS cannot say where queue {name} is: {error}") from error
            raise
    return _urls[name]


def code_of(error: ClientError) -> str:
    """SQS's name of an error; the older query protocol spells some with a prefix."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]


def is_missing(error: ClientError) -> bool:
    return code_of(error) in ("QueueDoesNotExist", "NonExistentQueue")


def is_transient(error: ClientError) -> bool:
    """Whether the same call may succeed later without anybody changing anything."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or code_of(error) in THROTTLES
