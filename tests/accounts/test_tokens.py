"""Bearer tokens: what they open, and when they stop."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import tokens
from accounts.auth import asking_user
from accounts.models import User
from accounts.tokens import make_token, user_of_token
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_token_is_its_users() -> None:
    alice = factories.alice()
    assert user_of_token(make_token(alice)) == alice


def test_a_token_ends_with_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    token = make_token(factories.alice())
    monkeypatch.setattr(tokens, "LIFETIME", timedelta(seconds=-1))
    assert user_of_token(token) is None


def test_a_token_ends_with_the_password_and_with_the_account() -> None:
    alice, bob = factories.alice(), factories.bob()
    old, other = make_token(alice), make_token(bob)
    alice.set_password("something else")
    alice.save()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert user_of_token(old) is None
    assert user_of_token(other) is None


OTHER_SALT = signing.dumps({"user": 1, "stamp": ""}, salt="other")


# A signature holds the second it was made in: a name of its own, as every process must find the same tests.
@pytest.mark.parametrize("forged", ["", "x", "a:b:c", pytest.param(OTHER_SALT, id="another salt")])
def test_forged_tokens(forged: str) -> None:
    factories.alice()
    assert user_of_token(forged) is None


def test_who_is_asking_outside_the_api(rf: RequestFactory) -> None:
    alice = factories.alice()
    assert asking_user(rf.get("/", headers={"Authorization": f"Bearer {make_token(alice)}"})) == alice
    assert asking_user(rf.get("/", headers={"Authorization": "Basic x"})) is None


def test_password_for_token(client: Client) -> None:
    factories.alice()

    def ask(password: str) -> tuple[int, str]:
        body = {"username": "alice", "password": password}
        answer = client.post("/api/token", body, content_type="application/json")
        return answer.status_code, answer.json().get("token") or answer.json()["code"]

    assert ask("wrong") == (401, "not_signed_in")
    status, token = ask(factories.PASSWORD)
    assert status == 200
    assert client.get("/api/orders", headers={"Authorization": f"Bearer {token}"}).json() == []


def test_the_demo_door_opens_in_a_demo_only_and_never_to_staff(client: Client, settings: Settings) -> None:
    factories.alice()
    factories.make_operator()

    def ask(name: str) -> tuple[int, str]:
        answer = client.post("/api/demo/token", {"username": name}, content_type="application/json")
        return answer.status_code, answer.json().get("role") or answer.json()["code"]

    settings.DEMO = False
    assert ask("alice") == (404, "not_found")
    settings.DEMO = True
    assert ask("alice") == (200, "customer")
    assert ask("operator") == ask("nobody") == (404, "unknown_account")
