"""`python -m notifications.receiver`: takes mail by SMTP and push messages by HTTP, keeps both, and shows them."""

from __future__ import annotations

import argparse
import asyncio
import os

from .app import App
from .serving import make_server, serve
from .store import Store


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m notifications.receiver",
        description="A mail server and push service that deliver nothing further: what they take can be looked at.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, default=29025)
    parser.add_argument("--port", type=int, default=29080, help="of HTTP (default %(default)s)")
    home = os.environ.get("FORKROAD_HOME", ".forkroad")
    parser.add_argument("--store", default=f"{home}/received.sqlite3", help="file of what was taken (%(default)s)")
    options = parser.parse_args()
    store = Store(options.store)
    app = App(store, url=f"http://{options.host}:{options.port}")
    http = make_server(app, host=options.host, port=options.port)
    asyncio.run(serve(http, store, host=options.host, smtp_port=options.smtp_port))


if __name__ == "__main__":
    main()
