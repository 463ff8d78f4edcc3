"""Both servers on one event loop."""

from __future__ import annotations

import asyncio

import uvicorn
from aiosmtpd.smtp import SMTP

from .app import App
from .mailbox import Mailbox
from .store import Store


async def serve(http: uvicorn.Server, store: Store, *, host: str, smtp_port: int) -> None:
    """Until SIGTERM or Ctrl-C, or until `http.should_exit` is set."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(Mailbox(store), hostname="receiver.forkroad.example", ident="Forkroad receiver")

    smtp = await loop.create_server(session, host, smtp_port)
    try:
        await http.serve()
    finally:
        smtp.close()


def make_server(app: App, *, host: str, port: int) -> uvicorn.Server:
    """The HTTP half, not started yet."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )
