"""The receiver's HTTP face, plain ASGI: a push service's addresses, and what the page of received mail asks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from .browsers import PushRefused, subscribe, take
from .mailbox import opened
from .store import Store

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, Any]

#: RFC 8030 asks push services to take 4096 bytes; a little more, so that too much can be told from a broken line.
MAX_BODY = 16 * 1024
PAGE = 50


class App:
    """`url` is where this process is reached: part of every subscription, and the audience of its senders' tokens."""

    def __init__(self, store: Store, *, url: str) -> None:
        self.store = store
        self.url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        try:
            status, value = self.answer(scope["method"], scope["path"], query, headers, body)
        except PushRefused as refusal:
            status, value = refusal.status, {"error": str(refusal)}
        await _respond(send, status, value)

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Answer:
        match method, *path.strip("/").split("/"):
            case "GET", "healthz":
                return 200, {"ok": True}
            case "GET", "mails":
                return 200, self.mails(query)
            case "GET", "mails", number if number.isdecimal():
                found = self.store.row("SELECT * FROM mails WHERE id = ?", int(number))
                return (200, opened(found)) if found else (404, {"error": "no such mail"})
            case "POST", "browsers":
                return 201, subscribe(self.store, url=self.url, sender_key=json.loads(body or b"{}").get("key", ""))
            case "DELETE", "browsers", token:
                gone = self.store.execute("UPDATE browsers SET gone = 1 WHERE token = ?", token)
                return (200, {"gone": token}) if gone else (404, {"error": "no such subscription"})
            case "POST", "forget":
                return 200, self.forget(json.loads(body or b"{}"))
            case "GET", "pushes":
                return 200, self.pushes(query)
            case "POST", "push", token:
                if len(body) > MAX_BODY:
                    return 413, {"error": "too large"}
                return 201, {
                    "location": f"{self.url}/message/{take(self.store, token, body, headers, audience=self.url)}"
                }
        return 404, {"error": f"there is no {method} {path}"}

    def mails(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """The latest first. `words` are looked for in recipients and subjects, `to` and `message_id` match as a whole;
        `before` pages by number.
        """
        sql = (
            "SELECT id, received, sender, recipients, subject, message_id FROM mails"
            " WHERE (:to = '' OR recipients = :to) AND (:message_id = '' OR message_id = :message_id) AND id < :before"
            " AND (recipients LIKE :words ESCAPE '\\' OR subject LIKE :words ESCAPE '\\') ORDER BY id DESC LIMIT :page"
        )
        values = {
            "to": query.get("to", ""),
            "message_id": query.get("message_id", ""),
            "before": int(query["before"]) if query.get("before", "").isdecimal() else 2**62,
            "words": _like(query.get("words", "")),
            "page": PAGE,
        }
        return list(self.store.connection.execute(sql, values))

    def forget(self, wanted: dict[str, list[str]]) -> dict[str, int]:
        """Remove mail to these addresses or under these message ids, and these subscriptions with all they took."""
        gone = {"mails": 0, "pushes": 0, "browsers": 0}
        for address in wanted.get("addresses", []):
            gone["mails"] += self.store.execute("DELETE FROM mails WHERE lower(recipients) = lower(?)", address)
        for message in wanted.get("message_ids", []):
            gone["mails"] += self.store.execute("DELETE FROM mails WHERE message_id = ?", message)
        for token in wanted.get("tokens", []):
            gone["pushes"] += self.store.execute("DELETE FROM pushes WHERE token = ?", token)
            gone["browsers"] += self.store.execute("DELETE FROM browsers WHERE token = ?", token)
        return gone

    def pushes(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """The latest first; `tokens` names the subscriptions, else all."""
        tokens = [token for token in query.get("tokens", "").split(",") if token]
        where = f"WHERE token IN ({', '.join('?' * len(tokens))})" if tokens else ""
        return self.store.rows(f"SELECT * FROM pushes {where} ORDER BY id DESC LIMIT {PAGE}", *tokens)


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        # What is past the limit is read and dropped, so that the sender hears the answer.
        body = (body + bytes(message.get("body", b"")))[: MAX_BODY + 1]
        if not message.get("more_body"):
            return body


async def _respond(send: Send, status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if isinstance(value, dict) and "location" in value:
        headers.append((b"location", str(value["location"]).encode("latin-1")))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
