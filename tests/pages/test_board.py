"""The dashboard's stream: pieces as they change, and everything to whoever comes back."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection

import httpx
import pytest
from django.urls import reverse

from accounts.tokens import make_token
from analytics.dashboard.scope import CITY, Scope
from config.live.board import FAST, SLOW, Board, Canvas
from config.operator.board import PIECES
from messaging import topology
from orders.city import city_now
from orders.models import Order
from tests import factories
from tests.analytics.test_dashboard import Told, read
from tests.messaging.streams import NOON, produce
from tests.pages.conftest import sign_in
from tests.system import System, running


@pytest.mark.django_db
def test_the_page_holds_every_piece_and_can_be_narrowed() -> None:
    told = Told()
    minutes = (city_now() - NOON).total_seconds() / 60
    told.placed(1, minutes - 30)
    told.placed(2, minutes - 2, zone="harbour", restaurant_id=8, restaurant="Pier <b>")
    told.delivered(1, minutes - 1, minutes=29)
    read(told.records)
    operator = sign_in(factories.make_operator())
    page = operator.get(reverse("operator"))
    assert set(page.context["pieces"]) == set(PIECES)
    text = page.content.decode()
    assert all(f'data-piece="{name}"' in text for name in PIECES)
    assert "Pier &lt;b&gt;" in text and "Trattoria" in text
    # A chart with its table behind, and a way to one order's story.
    assert text.count("As a table") == 4 and reverse("operator-story", args=[uuid.UUID(int=2)]) in text
    narrow = operator.get(reverse("operator"), {"zone": "harbour"}).content.decode()
    assert "Harbour, right now" in narrow and "Trattoria" not in narrow and "/live/board/?zone=harbour" in narrow
    one = operator.get(reverse("operator"), {"restaurant": "7"}).content.decode()
    assert "Trattoria, right now" in one and "Pier" not in one
    assert operator.get(reverse("operator"), {"zone": "\x00", "restaurant": "x"}).status_code == 200


def test_only_what_differs_is_sent() -> None:
    canvas = Canvas()
    assert canvas.put({"a": "1", "b": "1"}) and canvas.full == canvas.change
    assert not canvas.put({"a": "1"})
    assert canvas.put({"a": "2", "b": "1"})
    assert b'{"a":"2"}' in canvas.change and b'{"a":"2","b":"1"}' in canvas.full and b"id: 2" in canvas.full


def test_slow_pieces_take_turns() -> None:
    canvas = Canvas()
    assert set(canvas.choose(100.0)) == set(PIECES)
    canvas.version = 1
    assert canvas.choose(100.5) == FAST
    turns = [set(canvas.choose(110 + n / 4)) - FAST for n in range(len(SLOW))]
    assert [len(turn) for turn in turns] == [1] * len(SLOW) and set.union(*turns) == set(SLOW)
    canvas.heard_at = 112.0
    # A piece that was rendered before something was heard is owed soon; otherwise there is time.
    assert canvas.due() < 112
    canvas.slow_at = dict.fromkeys(SLOW, 113.0)
    assert canvas.due() == 118


def test_a_viewer_gets_all_then_changes_and_all_again_after_a_gap() -> None:
    async def sit() -> list[dict[str, str]]:
        board = Board(lambda scope, names: {})
        found: list[dict[str, str]] = []
        with board.watch(CITY) as chair:
            canvas = chair.canvas

            async def take() -> None:
                chair.news.set()
                text = await chair.next()
                found.append(json.loads(text.split(b"data: ")[1]))

            canvas.put({"a": "1", "b": "1"})
            await take()
            canvas.put({"a": "2"})
            await take()
            canvas.put({"a": "3"})
            canvas.put({"b": "3"})
            await take()
        board.closed.set()
        board.ring()
        return found

    assert asyncio.run(sit()) == [{"a": "1", "b": "1"}, {"a": "2"}, {"a": "3", "b": "3"}]


def test_nobody_is_shown_what_was_when_nobody_watched() -> None:
    painted: list[tuple[Scope, Collection[str]]] = []

    async def come_and_go() -> int:
        board = Board(lambda scope, names: painted.append((scope, names)) or {})  # type: ignore[func-returns-value]
        with board.watch(CITY) as first, board.watch(CITY) as second:
            assert first.canvas is second.canvas
            first.canvas.put({"a": "1"})
        with board.watch(CITY) as third:
            version = third.canvas.version
        board.closed.set()
        board.ring()
        return version

    assert asyncio.run(come_and_go()) == 0


def pieces_of(system: System, token: str, *, until: str) -> tuple[list[set[str]], str]:
    """The names of each message's pieces, and the latest orders, once they name it."""
    headers, names = {"Authorization": f"Bearer {token}"}, []
    with httpx.stream("GET", f"{system.url}/live/board/", headers=headers, timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                pieces = json.loads(line.removeprefix("data: "))
                names.append(set(pieces))
                if until in pieces.get("latest", ""):
                    return names, pieces["latest"]
    raise AssertionError(f"the stream ended before it told of {until}")


@pytest.mark.django_db(transaction=True)
def test_an_event_reaches_the_page_and_who_was_away_catches_up(namespace: str) -> None:
    topology.apply()
    token, alice = make_token(factories.make_operator()), factories.alice()
    told = Told()
    with running("web", "consume") as system:
        address, hers = f"{system.url}/live/board/", {"Authorization": f"Bearer {make_token(alice)}"}
        assert [httpx.get(address, headers=one, timeout=30).status_code for one in ({}, hers)] == [401, 403]
        told.placed(1, 0, restaurant="First")
        produce(told.records)
        names, _ = pieces_of(system, token, until="First")
        assert names[0] == set(PIECES)
        # While nobody listens another one is placed; the first message after coming back has it, or the next.
        told.placed(2, 1, restaurant="Second")
        produce(told.records[1:])
        names, latest = pieces_of(system, token, until="Second")
        assert names[0] == set(PIECES) and "First" in latest
    assert not Order.objects.exists()
