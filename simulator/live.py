"""Hearing what happens: one operator's event stream, shared by all players of the city."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from .api import Api, Refused, Unreachable

#: The stream sends a sign of life more often than this (wall seconds); silence means a dead connection.
SILENCE = 40.0

#: Not events: the stream has begun, or the listener has missed some.
WORDS = frozenset({"hello", "refresh"})

Listener = Callable[[dict[str, Any]], None]


class Live:
    """Calls `listener` with every event's data; `connected` says whether players may rely on it."""

    def __init__(self, api: Api, listener: Listener, *, on_gap: Callable[[], None], who: str = "operator") -> None:
        self.api = api
        self.listener = listener
        self.on_gap = on_gap
        self.who = who
        self.connected = False

    async def run(self) -> None:
        """Listen until cancelled, connecting anew whenever the stream ends.

        Nothing is repeated to a listener who was away, so `on_gap` is called when something may have been
        missed.
        """
        pause = 0.3
        while True:
            try:
                await self._listen()
                pause = 0.3
            except (httpx.HTTPError, Refused, Unreachable) as error:
                self.api.tally.errors[f"live {type(error).__name__}"] += 1
            finally:
                self.connected = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {await self.api.token(self.who)}", "Accept": "text/event-stream"}
        timeout = httpx.Timeout(10.0, read=SILENCE, pool=None)
        async with self.api.http.stream("GET", "/live/", headers=headers, timeout=timeout) as answer:
            answer.raise_for_status()
            self.connected = True
            name, data = "", ""
            async for line in answer.aiter_lines():
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif not line and name:
                    self._dispatch(name, data)
                    name, data = "", ""

    def _dispatch(self, name: str, text: str) -> None:
        if name in WORDS:
            self.on_gap()
            return
        try:
            event = json.loads(text)
        except ValueError:
            self.api.tally.errors["live event unreadable"] += 1
            return
        if isinstance(event, dict):
            self.listener(event)
