"""Staff go nowhere without a second factor; everybody may have one; a demo asks for none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests import factories

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _asked(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    cache.clear()


@pytest.fixture
def boss() -> User:
    return factories.make_operator()


def code_of(secret: str, *, steps_on: int = 0) -> str:
    """What an authenticator app shows now, or so many half minutes on."""
    code: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps_on))
    return code


def enrol(user: User) -> None:
    Authenticator.objects.create(user=user, type="totp", data={"secret": SECRET})


def sign_in(client: Client, username: str = "operator") -> Any:
    return client.post(reverse("account_login"), {"login": username, "password": factories.PASSWORD}, follow=True)


def ask_for_token(client: Client, **more: str) -> tuple[int, dict[str, str]]:
    body = {"username": "operator", "password": factories.PASSWORD, **more}
    answer = client.post("/api/token", body, content_type="application/json")
    return answer.status_code, answer.json()


def test_the_way_of_somebody_new_from_the_password_to_the_admin(client: Client, boss: User) -> None:
    # given: signed in with the password alone
    sign_in(client)
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[0][0].startswith(reverse("mfa_activate_totp"))
    if reverse("account_reauthenticate") in answer.redirect_chain[-1][0]:
        again = {"password": factories.PASSWORD, "next": reverse("mfa_activate_totp")}
        answer = client.post(answer.redirect_chain[-1][0], again, follow=True)
    page = answer.content.decode()
    secret = answer.context["form"].secret
    assert "data:image/svg+xml;base64," in page and secret in page and 'class="brand"' in page
    # when: a wrong code, then the right one
    wrong = client.post(reverse("mfa_activate_totp"), {"code": "12"})
    assert "Incorrect code" in wrong.content.decode() and not Authenticator.objects.exists()
    done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    # then: there are recovery codes, and this session has shown its factor
    assert "Recovery codes" in done.content.decode() and len(done.context["unused_codes"]) == 10
    assert client.get(reverse("admin:index")).status_code == 200
    # and: the next sign-in takes both steps
    recovery = done.context["unused_codes"][0]
    client.logout()
    step = sign_in(client)
    assert step.redirect_chain[-1][0] == reverse("mfa_authenticate")
    assert client.get(reverse("admin:index")).status_code == 302
    assert "Incorrect code" in client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    client.post(reverse("mfa_authenticate"), {"code": recovery})
    assert client.get(reverse("admin:index")).status_code == 200
    # and: a recovery code is good once
    client.logout()
    sign_in(client)
    assert "Incorrect code" in client.post(reverse("mfa_authenticate"), {"code": recovery}).content.decode()
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("page", ["admin:index", "operator", "operator-money", "home", "metrics"])
def test_staff_without_one_are_sent_to_enrol_from_everywhere(client: Client, boss: User, page: str) -> None:
    client.force_login(boss)
    answer = client.get(reverse(page))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("mfa_activate_totp"))


def test_a_session_from_before_the_enrolment_shows_a_code_first(client: Client, boss: User) -> None:
    client.force_login(boss)
    enrol(boss)
    wanted = reverse("operator-money")
    answer = client.get(wanted)
    assert answer["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Foperator%2Fmoney%2F"
    answer = client.post(answer["Location"], {"code": code_of(SECRET), "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, wanted)
    assert client.get(wanted).status_code == 200


def test_what_would_change_something_is_refused_outright(client: Client, boss: User) -> None:
    order = factories.paid_order()
    client.force_login(boss)
    assert client.post(reverse("operator-cancel", args=[order.pk])).status_code == 403
    answer = client.get("/api/me/orders")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor")
    order.refresh_from_db()
    assert order.status == "paid"


def test_staff_of_any_role_are_asked_and_customers_are_not(client: Client) -> None:
    alice = factories.alice()
    client.force_login(alice)
    assert client.get(reverse("orders:mine")).status_code == 200
    clerk = factories.make_user("clerk", Role.CUSTOMER)
    User.objects.filter(pk=clerk.pk).update(is_staff=True)
    client.force_login(clerk)
    assert client.get(reverse("admin:index")).status_code == 302


def test_in_a_demo_nobody_is_asked(client: Client, boss: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(boss)
    assert client.get(reverse("admin:index")).status_code == 200


def test_switching_it_off_leads_back_to_the_beginning(client: Client, boss: User) -> None:
    enrol(boss)
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(SECRET, steps_on=-1)})
    answer = client.post(reverse("mfa_deactivate_totp"), follow=True)
    if "reauthenticate" in answer.redirect_chain[-1][0]:
        client.post(reverse("mfa_reauthenticate"), {"code": code_of(SECRET)})
        client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert client.get(reverse("operator"))["Location"].split("?")[0] == reverse("mfa_activate_totp")


def test_a_token_costs_a_code_too_and_each_code_is_good_once(client: Client, boss: User) -> None:
    status, answer = ask_for_token(client)
    assert (status, answer["code"]) == (401, "second_factor") and "enrol" in answer["message"]
    enrol(boss)
    status, answer = ask_for_token(client)
    assert (status, answer["message"]) == (401, "This account has a second factor: send its code, too.")
    assert ask_for_token(client, code="123456")[0] == 401
    code = code_of(SECRET)
    status, answer = ask_for_token(client, code=code)
    assert (status, answer["role"]) == (200, "operator")
    assert ask_for_token(client, code=code)[0] == 401


def test_codes_are_not_guessed_for_ever(client: Client, boss: User) -> None:
    enrol(boss)
    found = [ask_for_token(client, code=f"00000{number}")[0] for number in range(6)]
    assert found == [401] * 5 + [429]
    assert ask_for_token(client, code=code_of(SECRET))[0] == 429


def test_a_customer_with_a_factor_gets_no_token_without_it(client: Client) -> None:
    alice = factories.alice()
    body = {"username": "alice", "password": factories.PASSWORD}
    assert client.post("/api/token", body, content_type="application/json").status_code == 200
    enrol(alice)
    assert client.post("/api/token", body, content_type="application/json").status_code == 401
