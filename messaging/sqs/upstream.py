"""What is subclassed of kombu, untyped: the stubs at hand know only its public face, and wrongly in places."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_SQS: Any = import_module("kombu.transport.SQS")

Channel: Any = _SQS.Channel
QoS: Any = _SQS.QoS
Transport: Any = _SQS.Transport
AsyncSQSConnection: Any = import_module("kombu.asynchronous.aws.sqs.connection").AsyncSQSConnection
AsyncHTTPSConnection: Any = import_module("kombu.asynchronous.aws.connection").AsyncHTTPSConnection
CurlClient: Any = import_module("kombu.asynchronous.http.curl").CurlClient
