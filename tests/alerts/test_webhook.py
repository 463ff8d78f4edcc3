"""The webhook, to a server that listens."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from messaging.alerting.answering import answer_incidents
from messaging.alerting.responding import StepHeld, call_out
from messaging.alerting.rules import WEBHOOK
from messaging.models import IncidentStep
from messaging.models.incident import resolve_incident
from notifications.alerts.webhook import NotHeard

from .conftest import carry_out, opened, owed

pytestmark = pytest.mark.django_db

SECRET = "whsec_test"


class Receiver:
    """Answers with the statuses it is given, then 200; keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                status = outer.answers.pop(0) if outer.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    made = Receiver()
    settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{made.server.server_port}/hook"
    settings.ALERT_WEBHOOK_SECRET = SECRET
    yield made
    made.server.shutdown()
    made.server.server_close()


def hooks() -> list[tuple[str, int]]:
    return [one for one in owed() if one[0] == WEBHOOK]


def test_an_incident_is_posted_with_a_signature_that_holds(receiver: Receiver) -> None:
    incident = opened()
    answer_incidents()
    carry_out(hooks())
    ((headers, body),) = receiver.got
    moment, digest = (part.partition("=")[2] for part in headers["X-Forkroad-Signature"].split(","))
    assert digest == hmac.new(SECRET.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert told["type"] == "incident.opened"
    assert (told["incident"]["id"], told["incident"]["kind"]) == (incident.pk, "outbox_age")
    assert told["incident"]["runbook"] == "docs/operations.md#outbox_age"
    assert IncidentStep.objects.get(task=WEBHOOK).outcome == "the webhook answered 200"


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_who_does_not_answer_well_is_called_again_under_the_same_delivery(receiver: Receiver, answer: int) -> None:
    receiver.answers = [answer]
    opened()
    answer_incidents()
    commands = hooks()
    with pytest.raises(NotHeard, match=str(answer)):
        carry_out(commands)
    carry_out(commands)
    carry_out(commands)
    assert len(receiver.got) == 2, "and a third time nobody is called"
    assert len({headers["X-Forkroad-Delivery"] for headers, _ in receiver.got}) == 1


def test_a_repeat_while_a_worker_calls_is_held_back(receiver: Receiver) -> None:
    opened()
    answer_incidents()
    ((_, step),) = hooks()

    def call(found: IncidentStep) -> str:
        with pytest.raises(StepHeld):
            call_out(step, lambda _: "twice")
        return "once"

    call_out(step, call)
    assert IncidentStep.objects.get(pk=step).outcome == "once"


def test_who_was_told_of_the_beginning_is_told_of_the_end(receiver: Receiver) -> None:
    opened()
    opened("set_aside", "x")
    answer_incidents()
    carry_out(hooks())
    resolve_incident("outbox_age", "kafka")
    resolve_incident("set_aside", "x")
    answer_incidents()
    carry_out(hooks())
    told = [json.loads(body) for _, body in receiver.got]
    assert [one["type"] for one in told] == ["incident.opened", "incident.resolved"]
    assert told[1]["incident"]["resolved_at"]


def test_without_an_address_nothing_is_owed() -> None:
    opened()
    answer_incidents()
    assert hooks() == []
