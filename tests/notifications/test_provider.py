"""Mail through a provider's API, by django-anymail's own backend over HTTP: taken, refused for good, away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from notifications.models import Notice
from notifications.sending import deliver

from .telling import Story, person, read_story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

#: The answers of Postmark's documentation to one message.
TAKEN = {"To": "alice@forkroad.example", "MessageID": "b7bc2f4a-e38e-4336", "ErrorCode": 0, "Message": "OK"}
INACTIVE = {
    "ErrorCode": 406,
    "Message": "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses:"
    " alice@forkroad.example. Inactive recipients are ones that have generated a hard bounce.",
}


class Provider:
    """Answers each message with the status and body it is given, and keeps what it got."""

    def __init__(self) -> None:
        self.status, self.answer = 200, TAKEN
        self.got: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                body = json.dumps(outer.answer).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    there = Provider()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    address = f"http://127.0.0.1:{there.server.server_port}/"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "token", "POSTMARK_API_URL": address, "REQUESTS_TIMEOUT": 20}
    yield there
    there.server.shutdown()
    there.server.server_close()


def receipt() -> Notice:
    read_story(Story(person()))
    return Notice.objects.get(kind="receipt", channel="email")


def test_what_the_provider_took_is_known_by_its_own_number(provider: Provider) -> None:
    notice = receipt()
    deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.provider_id) == ("sent", "b7bc2f4a-e38e-4336")
    (mail,) = provider.got
    assert (mail["To"], mail["Subject"]) == ("alice@forkroad.example", "Your receipt from Soup & Sons")
    assert "2 x Soup (Bread)" in mail["TextBody"] and "Soup" in mail["HtmlBody"]
    assert {header["Name"] for header in mail["Headers"]} >= {"List-Unsubscribe", "Message-ID"}


def test_an_address_that_the_provider_refuses_is_not_tried_again(provider: Provider) -> None:
    provider.status, provider.answer = 422, INACTIVE
    notice = receipt()
    deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, len(provider.got)) == ("failed", 1, 1)


def test_a_provider_that_is_out_of_order_is_asked_again(provider: Provider) -> None:
    provider.status, provider.answer = 503, {"Message": "later"}
    notice = receipt()
    with pytest.raises(Exception, match="503"):
        deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("queued", 1)
    provider.status, provider.answer = 200, TAKEN
    deliver(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 2)
