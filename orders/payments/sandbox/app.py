"""The sandbox's HTTP face, plain ASGI: Stripe's addresses under /v1/, the bank's page, and its own levers.

All work on a request is done without awaiting anything, inside one transaction that also keeps the answer under the
idempotency key: of fifty requests with one key the first does the work and the others are told what it was told.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .cards import WEBHOOK_FAULTS, find_card
from .errors import ApiError, invalid, key_reused
from .intents import Form, Intents
from .page import challenge_page
from .store import Store, dumps, new_id
from .webhooks import News

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_BODY = 64 * 1024


@dataclass(slots=True)
class Answer:
    """`delay` in wall seconds passes between the work and the sending."""

    status: int
    body: bytes
    kind: str = "application/json"
    location: str = ""
    replayed: bool = False
    delay: float = 0.0

    @classmethod
    def json(cls, value: Any, status: int = 200) -> Answer:
        return cls(status, dumps(value).encode())


class Sandbox:
    """The application. `webhook` is (address, secret) for accounts without an endpoint of their own."""

    def __init__(self, store: Store, *, public_url: str, webhook: tuple[str, str] | None = None) -> None:
        self.store = store
        self.news = News(store, default=webhook)
        self.intents = Intents(store, public_url=public_url, news=self.news)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = self._answer(scope, await _body(receive))
            if answer.delay:
                await asyncio.sleep(answer.delay)
            await _respond(send, answer)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        sending = asyncio.create_task(self.news.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        await send({"type": "lifespan.shutdown.complete"})

    def _answer(self, scope: Scope, raw: bytes | None) -> Answer:
        method, path = scope["method"], scope["path"]
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        try:
            if raw is None:
                raise ApiError(413, "invalid_request_error", "too_large", "The body is too large.", keep=False)
            form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
            if path == "/healthz":
                return Answer.json({"ok": True})
            if found := re.fullmatch(r"/challenge/(pi_\w+)", path):
                return self._challenge(method, found[1], query.get("secret", ""), form)
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            account = headers.get("authorization", "").removeprefix("Bearer ").strip()
            if not account.startswith("sk_"):
                raise ApiError(401, "invalid_request_error", "api_key_missing", "Send a secret key as bearer token.")
            return self._api(account, method, path, form, key=headers.get("idempotency-key", ""))
        except ApiError as error:
            return Answer.json(error.body, error.status)

    def _api(self, account: str, method: str, path: str, form: Form, *, key: str) -> Answer:
        work = self._work(account, method, path, form)
        if method == "GET":
            return Answer.json(work())
        digest = hashlib.sha256(dumps([method, path, sorted(form.items())]).encode()).hexdigest()
        kept = self.store.row("SELECT * FROM answers WHERE account = ? AND key = ?", account, key) if key else None
        if kept is not None:
            if kept["digest"] != digest:
                raise key_reused()
            return Answer(kept["status"], kept["body"].encode(), replayed=True)
        with self.store.transaction():
            try:
                answer = Answer.json(work())
            except ApiError as error:
                answer = Answer.json(error.body, error.status)
                key = key if error.keep else ""
            if key:
                kept = {"digest": digest, "status": answer.status, "body": answer.body.decode()}
                self.store.insert("answers", account=account, key=key, **kept)
        if answer.status == 200:
            answer.delay = self._delay(path, form)
        return answer

    def _work(self, account: str, method: str, path: str, form: Form) -> Callable[[], Any]:
        """What an address does, not done yet."""
        intents = self.intents
        parts = path.strip("/").split("/")
        match method, *parts:
            case "POST", "v1", "payment_methods":
                return lambda: intents.make_method(account, form)
            case "POST", "v1", "payment_intents":
                return lambda: intents.create(account, form)
            case "GET", "v1", "payment_intents", intent:
                return lambda: intents.retrieve(account, intent)
            case "POST", "v1", "payment_intents", intent, "confirm":
                return lambda: intents.confirm(account, intent, form)
            case "POST", "v1", "payment_intents", intent, "capture":
                return lambda: intents.capture(account, intent, form)
            case "POST", "v1", "payment_intents", intent, "cancel":
                return lambda: intents.cancel(account, intent, form)
            case "POST", "v1", "refunds":
                return lambda: intents.refund(account, form)
            case "POST", "v1", "webhook_endpoints":
                return lambda: self._register(account, form)
            case "GET", "sandbox", "books":
                return lambda: self._books(account)
            case "GET", "sandbox", "deliveries":
                return lambda: self._deliveries(account)
            case "POST", "sandbox", "faults":
                return lambda: self._set_faults(account, form)
        raise ApiError(404, "invalid_request_error", "url_invalid", f"Unrecognized request URL ({method}: {path}).")

    def _delay(self, path: str, form: Form) -> float:
        """How long the card keeps the client waiting: only the first of each request, so that a repeat is answered."""
        intent = form.get("payment_intent") or (path.split("/")[3] if path.count("/") == 4 else "")
        card = find_card(form.get("payment_method", "")) or self.intents.card_of(intent)
        return card.delay if card else 0.0

    def _challenge(self, method: str, intent: str, secret: str, form: Form) -> Answer:
        if method == "POST":
            with self.store.transaction():
                row = self.intents.answer_challenge(intent, secret, passed=form.get("answer") == "yes")
            return Answer(303, b"", "text/plain", location=row["return_url"] or "/healthz")
        found = self.store.row("SELECT * FROM intents WHERE id = ? AND client_secret = ?", intent, secret)
        if found is None:
            return Answer(404, b"There is no such payment.", "text/plain")
        return Answer(200, challenge_page(found).encode(), "text/html; charset=utf-8")

    def _register(self, account: str, form: Form) -> dict[str, Any]:
        url = form.get("url", "")
        if not re.match(r"https?://", url):
            raise invalid("url_invalid", "An endpoint is an http or https address.", param="url")
        # Stripe chooses the secret; here it may be given, so that both sides can be started at the same time.
        secret = form.get("secret") or new_id("whsec")
        endpoint = new_id("we")
        self.store.insert("endpoints", id=endpoint, account=account, url=url, secret=secret)
        return {"id": endpoint, "object": "webhook_endpoint", "url": url, "secret": secret}

    def _books(self, account: str) -> dict[str, Any]:
        """Every payment of an account as the provider sees it: what was taken, how often, and what was given back."""
        sql = "SELECT id, status, captures, received, refunded, metadata FROM intents WHERE account = ?"
        rows = self.store.rows(sql, account)
        return {row["id"]: {**row, "metadata": json.loads(row["metadata"])} for row in rows}

    def _deliveries(self, account: str) -> list[dict[str, Any]]:
        sql = "SELECT event, intent, variant, attempts, answer, done FROM deliveries WHERE account = ? ORDER BY id"
        return self.store.rows(sql, account)

    def _set_faults(self, account: str, form: Form) -> dict[str, Any]:
        wanted = [fault for fault in WEBHOOK_FAULTS if fault in form.get("webhooks", "").split(",")]
        self.news.faults[account] = wanted
        return {"webhooks": wanted}


async def _body(receive: Receive) -> bytes | None:
    """The whole body, None when it is too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY:
            return None
        if not message.get("more_body"):
            return body


async def _respond(send: Send, answer: Answer) -> None:
    headers = [(b"content-type", answer.kind.encode()), (b"content-length", str(len(answer.body)).encode())]
    if answer.location:
        headers.append((b"location", answer.location.encode("latin-1", "ignore")))
    if answer.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    if answer.kind.startswith("text/html"):
        policy = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        headers.append((b"content-security-policy", policy))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
