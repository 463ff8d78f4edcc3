"""The sandbox gateway for a test session: the real application, served from a thread of the test process.

Tests that kill it, or let it send webhooks to a running web server, bring up the process instead (`tests.system`).
"""

from __future__ import annotations

import threading
from pathlib import Path

import uvicorn

from config.embedded.ports import HOST, choose_port
from orders.payments.sandbox.app import Sandbox
from orders.payments.sandbox.store import Store
from tests.waiting import wait_for

#: Signs the webhooks of all gateways of a test session.
WEBHOOK_SECRET = "whsec_of-the-tests"


class GatewayThread:
    """`env()` is known at once, so that settings can be read before `start()`."""

    def __init__(self, store: Path) -> None:
        self.port = choose_port()
        self.store = store
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def env(self) -> dict[str, str]:
        return {"PAYMENT_GATEWAY_URL": self.url, "PAYMENT_WEBHOOK_SECRET": WEBHOOK_SECRET}

    def start(self) -> None:
        store = Store(self.store)
        # It ends with the tests. A disk that is busy for others would be a provider that does not answer in time.
        store.connection.execute("PRAGMA synchronous = OFF")
        sandbox = Sandbox(store, public_url=self.url)
        server = uvicorn.Server(
            uvicorn.Config(
                sandbox,
                host=HOST,
                port=self.port,
                http="h11",
                ws="none",
                loop="asyncio",
                log_config=None,
                log_level="warning",
            )
        )
        self._server = server
        self._thread = threading.Thread(target=server.run, daemon=True, name="gateway")
        self._thread.start()
        wait_for(lambda: server.started, within=10, what="the sandbox gateway")

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(5)
