"""Pages that nobody came for, and how pages cross a slow line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from config.compressing import Compress
from orders.models import Status
from orders.tracker import MEANING
from tests import factories

from .conftest import sign_in

LONG = "<p>" + "bread and butter " * 100


@pytest.mark.django_db
def test_a_form_out_of_date_says_that_nothing_was_changed() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "alice", "password": "x"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This form was out of date" in page and "Nothing was changed" in page


@pytest.mark.django_db
def test_a_page_of_another_role_leads_on() -> None:
    page = sign_in(factories.alice()).get(reverse("orders:kitchen")).content.decode()
    assert "This page is for restaurant accounts" in page
    assert "Sign in as somebody else" in page and reverse("account_logout") in page


@pytest.mark.django_db
def test_an_unknown_address_leads_on(client: Client) -> None:
    answer = client.get("/nothing/like/it")
    assert answer.status_code == 404
    assert "Nothing at this address" in answer.content.decode()


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_what_is_shown_when_all_else_fails_asks_nothing_of_the_database(template: str) -> None:
    page = render_to_string(template)
    assert 'href="/"' in page and "<h1" in page and "forkroad.css" in page


def test_every_status_has_its_meaning() -> None:
    assert set(MEANING) == set(Status)


def asked(response: HttpResponse | StreamingHttpResponse, accepts: str = "gzip") -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepts})
    answer = Compress(lambda _: response)(request)
    assert isinstance(answer, HttpResponse | StreamingHttpResponse)
    return answer  # type: ignore[return-value]


def test_a_page_is_sent_compressed_to_who_can_read_it() -> None:
    answer = asked(HttpResponse(LONG))
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == LONG
    assert "Content-Encoding" not in asked(HttpResponse(LONG), accepts="identity")


def test_an_event_stream_is_not_held_back_by_a_compressor() -> None:
    def events() -> Iterator[bytes]:
        yield b"event: hello\ndata: \n\n"

    answer = asked(StreamingHttpResponse(events(), content_type="text/event-stream"))
    assert "Content-Encoding" not in answer


@pytest.mark.parametrize(
    ("kind", "status"), [("text/css", 206), ("application/json", 200), ("text/csv", 200), ("image/png", 200)]
)
def test_parts_of_files_and_answers_to_programs_stay_as_they_are(kind: str, status: int) -> None:
    assert "Content-Encoding" not in asked(HttpResponse(LONG, content_type=kind, status=status))
