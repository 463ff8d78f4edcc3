"""The news that the sandbox sends: signed as Stripe signs, repeated until answered with 2xx, and spoilt on demand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import urllib.error
import urllib.request
from collections.abc import Collection
from typing import Any

from .cards import WebhookFault
from .store import Row, Store, dumps, new_id, now

#: Seconds: the usual way of a webhook, a late one's, and how long a disordered one waits to be overtaken.
USUAL, LATE, HELD = 0.3, 5.0, 10.0
#: Attempts before the sandbox gives a delivery up, the wait doubling from one second to a minute.
ATTEMPTS = 12
#: What a recorded webhook's age is when somebody sends it again: past every window.
STALE_SECONDS = 900


def sign(body: bytes, secret: str, *, at: int) -> str:
    """The `Stripe-Signature` of a body: HMAC-SHA256 over time, dot and raw body."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


class News:
    """Writes deliveries beside the change they tell of (`announce`), and sends them (`run`).

    `default` is the address and secret for accounts that have registered none.
    """

    def __init__(self, store: Store, *, default: tuple[str, str] | None = None) -> None:
        self.store = store
        self.default = default
        #: Account → faults that befall all its news, whatever the card.
        self.faults: dict[str, Collection[WebhookFault]] = {}
        self._wake = asyncio.Event()

    def endpoints(self, account: str) -> list[tuple[str, str]]:
        own = self.store.rows("SELECT url, secret FROM endpoints WHERE account = ?", account)
        return [(row["url"], row["secret"]) for row in own] or ([self.default] if self.default else [])

    def announce(self, account: str, kind: str, shown: dict[str, Any], *, faults: Collection[WebhookFault]) -> None:
        """Owe the news to every endpoint of the account; inside the transaction of the change."""
        faults = {*faults, *self.faults.get(account, ())}
        event = {"id": new_id("evt"), "object": "event", "type": kind, "created": now(), "livemode": False}
        body = dumps({**event, "data": {"object": shown}})
        # Overtaken: what was held back of this payment goes after its successor, which then is not held itself.
        overtaken = self.store.connection.execute(
            "UPDATE deliveries SET held = 0, due = ? WHERE intent = ? AND held = 1 AND done = 0",
            (time.time() + USUAL + 0.5, shown["id"]),
        )
        held = "disordered" in faults and not overtaken.rowcount
        for url, _ in self.endpoints(account):
            wait = LATE if "late" in faults else HELD if held else USUAL
            variants = ["genuine", *(["genuine"] if "double" in faults else [])]
            variants += ["forged", "tampered", "stale"] if "forged" in faults else []
            for place, variant in enumerate(variants):
                self.store.insert(
                    "deliveries",
                    account=account,
                    intent=shown["id"],
                    event=event["id"],
                    body=body,
                    variant=variant,
                    url=url,
                    due=time.time() + (wait if variant == "genuine" else 0) + 0.05 * place,
                    held=int(held and variant == "genuine"),
                )
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            self._wake.clear()
            due = self.store.rows(
                "SELECT * FROM deliveries WHERE done = 0 AND due <= ? ORDER BY due LIMIT 8", time.time()
            )
            if due:
                await asyncio.gather(*(self._deliver(row) for row in due))
                continue
            first = self.store.row("SELECT min(due) AS due FROM deliveries WHERE done = 0")
            wait = max(0.01, first["due"] - time.time()) if first and first["due"] else 60.0
            try:
                await asyncio.wait_for(self._wake.wait(), timeout=min(wait, 60.0))
            except TimeoutError:
                continue

    async def _deliver(self, row: Row) -> None:
        secrets = [secret for url, secret in self.endpoints(row["account"]) if url == row["url"]]
        if not secrets:
            self.store.update("deliveries", row["id"], done=1)
            return
        body, signature = spoil(row["body"].encode(), secrets[0], row["variant"])
        answer = await asyncio.to_thread(post, row["url"], body, signature)
        attempts = row["attempts"] + 1
        done = 200 <= answer < 300 or row["variant"] != "genuine" or attempts >= ATTEMPTS
        again = time.time() + min(60.0, 2.0 ** (attempts - 1))
        self.store.update("deliveries", row["id"], attempts=attempts, answer=answer, done=int(done), due=again, held=0)


def spoil(body: bytes, secret: str, variant: str) -> tuple[bytes, str]:
    """Body and signature as they are sent: what only claims to come from here carries no valid signature of now."""
    at = now()
    if variant == "forged":
        return body, sign(body, "whsec_guessed", at=at)
    if variant == "tampered":
        signature = sign(body, secret, at=at)
        return body.replace(b'"amount_received":', b'"amount_received":9'), signature
    if variant == "stale":
        return body, sign(body, secret, at=at - STALE_SECONDS)
    return body, sign(body, secret, at=at)


def post(url: str, body: bytes, signature: str) -> int:
    """The status of the answer, 0 for none."""
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
