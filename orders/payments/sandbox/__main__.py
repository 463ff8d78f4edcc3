"""`python -m orders.payments.sandbox`: the payment provider as a process of its own. It loads no Django."""

from __future__ import annotations

import argparse
import os

import uvicorn

from .app import Sandbox
from .store import Store


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m orders.payments.sandbox",
        description="A payment provider that moves no money: Stripe's PaymentIntents with manual capture.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=29400)
    home = os.environ.get("FORKROAD_HOME", ".forkroad")
    parser.add_argument("--store", default=f"{home}/gateway.sqlite3", help="file of its books (%(default)s)")
    parser.add_argument("--public-url", help="where browsers reach it, for the 3-D Secure page; default: host and port")
    parser.add_argument(
        "--webhook",
        help="address told of every change, signed with PAYMENT_WEBHOOK_SECRET; accounts may register others",
    )
    options = parser.parse_args()
    webhook = (options.webhook, os.environ.get("PAYMENT_WEBHOOK_SECRET", "")) if options.webhook else None
    public_url = options.public_url or f"http://{options.host}:{options.port}"
    uvicorn.run(
        Sandbox(Store(options.store), public_url=public_url, webhook=webhook),
        host=options.host,
        port=options.port,
        http="h11",
        ws="none",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
