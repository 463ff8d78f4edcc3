"""Signing in for programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tokens import user_of_token
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Iterator[User]:
    cache.clear()
    alice = factories.alice()
    alice.set_password("correct horse")
    alice.save()
    yield alice
    cache.clear()


def ask(client: Client, password: str) -> tuple[int, dict[str, str]]:
    body = {"username": "alice", "password": password}
    answer = client.post("/api/token", body, content_type="application/json")
    return answer.status_code, answer.json()


def test_a_name_and_its_password_give_a_token(client: Client, alice: User) -> None:
    status, answer = ask(client, "correct horse")
    assert (status, answer["role"]) == (200, "customer")
    assert user_of_token(answer["token"]) == alice


def test_guessing_ends_after_five_wrong_passwords_even_for_the_right_one(client: Client, alice: User) -> None:
    for _ in range(5):
        assert ask(client, "wrong") == (401, {"code": "not_signed_in", "message": "Name or password is wrong."})
    status, answer = ask(client, "correct horse")
    assert (status, answer["code"]) == (429, "too_many")
    assert "token" not in answer
