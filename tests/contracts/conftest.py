"""Asking the API as a program does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tokens import make_token


class Caller:
    """An API client that carries one user's token, and unpacks JSON."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {make_token(user)}"} if user else {}

    def get(self, path: str) -> tuple[int, Any]:
        answer = self.client.get(f"/api{path}", headers=self.headers)
        return answer.status_code, json.loads(answer.content)

    def post(self, path: str, body: Any = None, *, key: str = "") -> tuple[int, Any]:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        data = body if isinstance(body, str) else json.dumps(body if body is not None else {})
        answer = self.client.post(f"/api{path}", data, content_type="application/json", headers=headers)
        return answer.status_code, json.loads(answer.content)


@pytest.fixture
def anybody() -> Caller:
    return Caller()
