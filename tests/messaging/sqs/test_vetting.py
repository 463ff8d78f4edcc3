from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from messaging.deadletters.reading import read
from messaging.sqs.back_off import message_delay, poll_delay
from messaging.sqs.vetting import fault_of


def command(**changes: Any) -> dict[str, Any]:
    content = changes.pop("content", [[], {"order": "1"}, {}])
    return {
        "body": base64.b64encode(json.dumps(content).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "payments.authorise", "id": "1"},
        "properties": {"body_encoding": "base64"},
    } | changes


MALFORMED: dict[str, dict[str, Any]] = {
    "no envelope": {"body": "hello", "properties": {}},
    "headers are a list": command(headers=[]),
    "no task": command(headers={"id": "1"}),
    "task is a list": command(headers={"task": ["a"], "id": "1"}),
    "no id": command(headers={"task": "payments.authorise"}),
    "pickle": command(**{"content-type": "application/x-python-serialize"}),
    "body is no base64": command(body="!!!"),
    "body is a number": command(body=7),
    "no body": command(body=None),
    "arguments cut off": command(body=base64.b64encode(b'[[], {"order": ').decode()),
    "arguments nested without end": command(body=base64.b64encode(b"[" * 100_000).decode()),
    "arguments are an object": command(content={"args": []}),
    "kwargs are a list": command(content=[[], [], {}]),
    "only two parts": command(content=[[], {}]),
}


def test_a_command_passes() -> None:
    assert fault_of(command()) is None


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_command_is_found_out(name: str) -> None:
    assert fault_of(MALFORMED[name])


@pytest.mark.parametrize(
    "body", ["", "hello", "null", "[]", "\x00", "{}", '{"headers": 1}', *map(json.dumps, MALFORMED.values())]
)
def test_any_dead_letter_can_be_read(body: str) -> None:
    assert read(body).fault
    assert read(base64.b64encode(body.encode()).decode()).fault
    assert read(body).kwargs is None


def test_waits_double_up_to_the_cap_and_end_with_the_last_receive() -> None:
    assert [message_delay(n, cap=60, max_receives=8) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 0]
    assert message_delay(10_000, cap=60, max_receives=10_001) == 60
    delays = [poll_delay(n) for n in (1, 2, 3, 10_000)]
    assert 0.18 <= delays[0] <= 0.32 and 0.37 <= delays[1] <= 0.63 and delays[3] <= 6.25
