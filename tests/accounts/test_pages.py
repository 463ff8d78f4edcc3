"""The account's own pages: in the house's frame, and each does what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db

NEW = "a long word for windows"


@pytest.fixture(autouse=True)
def _nobody_guessed_yet() -> None:
    cache.clear()


@pytest.fixture
def alice(client: Client) -> User:
    alice = factories.alice()
    client.post(reverse("account_login"), {"login": "alice", "password": factories.PASSWORD})
    return alice


def confirmed(client: Client, page: str, data: dict[str, str] | None = None) -> Any:
    """The page, after the password was shown once more where it asks."""
    answer = client.post(page, data, follow=True) if data else client.get(page, follow=True)
    if answer.redirect_chain and "reauthenticate" in answer.redirect_chain[-1][0]:
        answer = client.post(answer.redirect_chain[-1][0], {"password": factories.PASSWORD}, follow=True)
    return answer


@pytest.mark.parametrize("page", ["account", "account_change_password", "account_email", "mfa_index"])
def test_each_stands_in_the_house_s_frame(client: Client, alice: User, page: str) -> None:
    answer = confirmed(client, reverse(page))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'class="brand"' in text and "account-page" in text and text.count("<h1") == 1 and "style=" not in text


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    for page in ("account", "account_change_password", "account_email", "mfa_index", "mfa_activate_totp"):
        answer = client.get(reverse(page), follow=True)
        assert answer.redirect_chain[-1][0].startswith(reverse("account_login")), page


def test_a_password_is_changed_by_who_knows_the_old_one(client: Client, alice: User) -> None:
    page = reverse("account_change_password")
    wrong = client.post(page, {"oldpassword": "guess", "password1": NEW, "password2": NEW})
    assert "current password" in wrong.content.decode()
    client.post(page, {"oldpassword": factories.PASSWORD, "password1": NEW, "password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_an_address_changes_when_its_owner_confirms_it(client: Client, alice: User) -> None:
    # given
    User.objects.filter(pk=alice.pk).update(email="old@forkroad.example")
    EmailAddress.objects.create(user=alice, email="old@forkroad.example", primary=True, verified=True)
    # when
    page = confirmed(client, reverse("account_email"), {"email": "new@forkroad.example", "action_add": ""})
    if "waits for you" not in page.content.decode():
        page = client.post(reverse("account_email"), {"email": "new@forkroad.example", "action_add": ""}, follow=True)
    # then: nothing yet
    assert "waits for you" in page.content.decode()
    alice.refresh_from_db()
    assert alice.email == "old@forkroad.example"
    # when: the link in the mail
    (letter,) = [each for each in mail.outbox if each.to == ["new@forkroad.example"]]
    link = re.search(r"/account/confirm-email/[^\s]+", str(letter.body))
    assert link is not None
    assert "Yes, it does" in client.get(link.group()).content.decode()
    client.post(link.group())
    alice.refresh_from_db()
    assert alice.email == "new@forkroad.example"


def test_a_forgotten_password_is_mended_by_mail(client: Client) -> None:
    alice = factories.alice()
    User.objects.filter(pk=alice.pk).update(email="alice@forkroad.example")
    client.post(reverse("account_reset_password"), {"email": "alice@forkroad.example"})
    link = re.search(r"/account/password/reset/key/[^\s]+", str(mail.outbox[-1].body))
    assert link is not None
    form = client.get(link.group(), follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    again = client.get(link.group(), follow=True)
    assert "used before" in again.content.decode()


def test_guesses_on_the_page_and_by_programs_are_counted_together(client: Client) -> None:
    factories.alice()
    page = reverse("account_login")
    for _ in range(3):
        client.post(page, {"login": "alice", "password": "wrong"})
    body = {"username": "alice", "password": "wrong"}
    found = [client.post("/api/token", body, content_type="application/json").status_code for _ in range(3)]
    assert found == [401, 401, 429]
    right = client.post(page, {"login": "alice", "password": factories.PASSWORD})
    assert right.status_code == 200 and "Too many" in right.content.decode()


def test_what_is_counted_is_where_every_process_sees_it() -> None:
    caches["default"].set("guesses", 3, 60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_cache WHERE cache_key LIKE '%guesses'")
        assert cursor.fetchone() == (1,)


def test_one_click_roles_are_absent_outside_a_demo_and_staff_sign_in_with_them_inside(
    client: Client, settings: Any
) -> None:
    factories.make_operator()
    settings.DEMO = False
    assert "one-click" not in client.get(reverse("account_login")).content.decode()
    assert client.post(reverse("demo-sign-in"), {"username": "operator"}).status_code == 404
    assert client.post("/api/demo/token", {"username": "operator"}, content_type="application/json").status_code == 404
    settings.DEMO = True
    assert client.post(reverse("demo-sign-in"), {"username": "operator"}).status_code == 302
    assert client.get(reverse("admin:index")).status_code == 200
