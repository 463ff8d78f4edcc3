"""The platform as its clients see it: JSON over HTTP, signed in, patient with faults."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import httpx

from .tally import Tally

PASSWORD = "forkroad"

#: Requests under way at one time: about what the platform's connection pool serves without queueing.
AT_ONCE = 12

#: The platform is restarted within seconds; a call that fails longer than this (wall seconds) is given up.
PATIENCE = 120.0

#: Not the caller's fault: worth another attempt.
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Refused(Exception):
    """The platform understood and said no. `code` is its own word for why, `body` all it said."""

    def __init__(self, what: str, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code") or status)
        self.body = body
        super().__init__(f"{what}: {status} {self.code}: {body.get('message') or body}")


class Unreachable(Exception):
    """No answer in spite of every attempt."""


class Api:
    """One connection pool for all accounts; each call names whose it is.

    Every call may be repeated: orders carry an idempotency key, all other calls are safe to send twice.
    """

    def __init__(self, url: str, tally: Tally, *, patience: float = PATIENCE) -> None:
        self.url = url.rstrip("/")
        self.tally = tally
        self.patience = patience
        limits = httpx.Limits(max_connections=AT_ONCE + 4, max_keepalive_connections=AT_ONCE)
        self.http = httpx.AsyncClient(base_url=self.url, limits=limits, timeout=httpx.Timeout(10.0, pool=None))
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tokens: dict[str, str] = {}
        self._signing: dict[str, asyncio.Lock] = {}

    async def close(self) -> None:
        await self.http.aclose()

    async def get(self, path: str, *, who: str | None = None) -> Any:
        return await self.call("GET", path, who=who)

    async def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        who: str | None = None,
        key: str | None = None,
        device: str = "",
    ) -> Any:
        return await self.call("POST", path, body, who=who, key=key, device=device)

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        who: str | None,
        key: str | None = None,
        device: str = "",
    ) -> Any:
        """The answer's JSON. `device` is what the caller's phone or browser calls itself.

        Raises:
            Refused: a 4xx answer. Unreachable: nothing better than errors for `patience` wall seconds.
        """
        started = time.monotonic()
        pause = 0.2
        signed_in_anew = False
        while True:
            headers = {"Idempotency-Key": key} if key else {}
            if device:
                headers["X-Device"] = device
            if who is not None:
                headers["Authorization"] = f"Bearer {await self.token(who)}"
            trouble: str
            try:
                answer = await self._send(method, path, body, headers)
            except httpx.HTTPError as error:
                trouble = type(error).__name__
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                if answer.status_code == 401 and who is not None and not signed_in_anew:
                    signed_in_anew = True
                    self._tokens.pop(who, None)
                    continue
                if answer.status_code not in TRANSIENT:
                    raise Refused(f"{method} {path}", answer.status_code, _object(answer))
                trouble = str(answer.status_code)
            self.tally.errors[trouble] += 1
            if time.monotonic() - started > self.patience:
                raise Unreachable(f"{method} {self.url}{path}: {trouble}, {self.patience:g} s long")
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))
            pause = min(pause * 2, 5.0)

    async def token(self, who: str) -> str:
        """The account's token, asked for once. In a demo it costs no password: hashing 200 would take a minute."""
        async with self._signing.setdefault(who, asyncio.Lock()):
            if who not in self._tokens:
                self._tokens[who] = await self._sign_in(who)
            return self._tokens[who]

    async def _sign_in(self, who: str) -> str:
        try:
            return str((await self.post("/api/demo/token", {"username": who}))["token"])
        except Refused as refused:
            # No demo, or an account with staff rights.
            if refused.status != 404:
                raise
        return str((await self.post("/api/token", {"username": who, "password": PASSWORD}))["token"])

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> httpx.Response:
        async with self._slots:
            started = time.monotonic()
            answer = await self.http.request(method, path, json=body, headers=headers)
            self.tally.call_took(time.monotonic() - started)
            return answer


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = answer.text[:200]
    return body if isinstance(body, dict) else {"message": str(body)}
