"""The demo's receiver for tests: the real mail server and push service, served from a thread of the test process."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx

from config.embedded.ports import HOST, choose_port
from notifications.receiver.app import App
from notifications.receiver.serving import make_server, serve
from notifications.receiver.store import Store
from tests.waiting import wait_for


class Receiver:
    def __init__(self, store: Path) -> None:
        self.port = choose_port()
        self.smtp_port = choose_port(avoid=[self.port])
        self.store = Store(store)
        self.server = make_server(App(self.store, url=self.url), host=HOST, port=self.port)
        self.thread = threading.Thread(target=self._run, daemon=True, name="receiver")
        self.thread.start()
        wait_for(lambda: self.server.started, within=20, what="the receiver")

    def _run(self) -> None:
        asyncio.run(serve(self.server, self.store, host=HOST, smtp_port=self.smtp_port))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def env(self) -> dict[str, str]:
        """For processes that are to send here."""
        return {"EMAIL_HOST": HOST, "EMAIL_PORT": str(self.smtp_port), "FORKROAD_RECEIVER_URL": self.url}

    def mails(self, **query: str) -> list[dict[str, Any]]:
        """All that came, the oldest first."""
        found: list[dict[str, Any]] = []
        while page := httpx.get(f"{self.url}/mails", params=query).raise_for_status().json():
            found += page
            query["before"] = str(page[-1]["id"])
        return found[::-1]

    def mail(self, **query: str) -> dict[str, Any]:
        """The only mail that fits, opened."""
        (only,) = self.mails(**query)
        found: dict[str, Any] = httpx.get(f"{self.url}/mails/{only['id']}").raise_for_status().json()
        return found

    def pushes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/pushes").raise_for_status().json()
        return found[::-1]

    def subscribe(self, key: str) -> dict[str, Any]:
        """A new browser's subscription."""
        made: dict[str, Any] = httpx.post(f"{self.url}/browsers", json={"key": key}).raise_for_status().json()
        return made

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.store.close()
