"""Who may open what: every page for its role, nobody's things for anybody else."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db

PAGES = {
    "alice": ["home", "orders:basket", "orders:mine"],
    "r-soup-kitchen": ["orders:kitchen"],
    "c-01": ["delivery:courier"],
    "operator": [
        "operator",
        "operator-orders",
        "operator-roads",
        "operator-scaling",
        "operator-history",
        "operator-map",
        "operator-dead-letters",
        "operator-replay",
        "admin:index",
    ],
}


@pytest.fixture
def people() -> dict[str, User]:
    factories.make_restaurant()
    factories.make_courier()
    factories.alice()
    factories.make_operator()
    return {user.username: user for user in User.objects.all()}


@pytest.mark.parametrize(("username", "page"), [(name, page) for name, pages in PAGES.items() for page in pages])
def test_each_role_opens_its_own_pages(people: dict[str, User], username: str, page: str) -> None:
    response = sign_in(people[username]).get(reverse(page))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("username", "lands"),
    [("r-soup-kitchen", "orders:kitchen"), ("c-01", "delivery:courier"), ("operator", "operator")],
)
def test_the_front_page_sends_people_to_their_work(people: dict[str, User], username: str, lands: str) -> None:
    response = sign_in(people[username]).get("/")
    assert (response.status_code, response["Location"]) == (302, reverse(lands))


@pytest.mark.parametrize("page", ["orders:mine", "orders:checkout", "orders:kitchen", "delivery:courier", "operator"])
def test_strangers_are_asked_to_sign_in(people: dict[str, User], anybody: Client, page: str) -> None:
    response = anybody.get(reverse(page))
    assert (response.status_code, response["Location"]) == (302, f"{reverse('account_login')}?next={reverse(page)}")


@pytest.mark.parametrize("page", ["orders:kitchen", "delivery:courier", "operator", "operator-orders"])
def test_a_customer_is_told_that_a_page_is_for_others(people: dict[str, User], page: str) -> None:
    response = sign_in(people["alice"]).get(reverse(page))
    assert response.status_code == 403
    assert "Not for this account" in response.content.decode()


@pytest.mark.parametrize("verb", ["accept", "reject", "ready", "cancel"])
def test_a_restaurant_cannot_touch_anothers_order(people: dict[str, User], verb: str) -> None:
    # given
    order = factories.paid_order(people["alice"])
    other = factories.make_restaurant("noodle-bar")
    # when
    response = sign_in(other.user).post(reverse(f"orders:kitchen-{verb}", args=[order.pk]))
    # then
    order.refresh_from_db()
    assert (response.status_code, order.status, order.history.count()) == (404, "paid", 2)


def test_a_customer_cannot_see_or_cancel_anothers_order(people: dict[str, User]) -> None:
    order = factories.paid_order(people["alice"])
    charlie = sign_in(factories.charlie())
    assert charlie.get(reverse("orders:order", args=[order.pk])).status_code == 404
    assert charlie.get(reverse("delivery:courier-of", args=[order.pk])).status_code == 404
    assert charlie.post(reverse("orders:cancel", args=[order.pk])).status_code == 404
    order.refresh_from_db()
    assert order.status == "paid"


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_a_courier_cannot_answer_anothers_offer(people: dict[str, User], verb: str) -> None:
    from delivery import offers
    from delivery.models import Offer

    order = factories.accepted_order(people["alice"])
    offer = offers.make(order.pk, courier_id=people["c-01"].courier.pk)
    assert offer is not None
    other = factories.make_courier("c-02")
    response = sign_in(other.user).post(reverse(f"delivery:{verb}", args=[offer.pk]))
    assert (response.status_code, Offer.objects.get(pk=offer.pk).state) == (404, "open")


def test_a_courier_cannot_move_an_order_that_is_not_theirs(people: dict[str, User]) -> None:
    order = factories.ready_order(people["alice"])
    courier = sign_in(people["c-01"])
    for verb in ("picked-up", "delivered"):
        assert courier.post(reverse(f"delivery:{verb}", args=[order.pk])).status_code == 404
    order.refresh_from_db()
    assert order.status == "ready"


def test_a_menu_item_of_another_restaurant_does_not_exist(people: dict[str, User]) -> None:
    noodles = factories.make_restaurant("noodle-bar")
    soup = noodles.items.get(name="Soup")
    response = sign_in(people["r-soup-kitchen"]).post(
        reverse("orders:kitchen-item", args=[soup.pk]), {"sold_out": "yes"}
    )
    soup.refresh_from_db()
    assert (response.status_code, soup.sold_out) == (404, False)


@pytest.mark.parametrize("page", ["account_login", "account_signup", "account_reset_password"])
def test_account_pages_stand_in_the_house_s_frame(anybody: Client, page: str) -> None:
    response = anybody.get(reverse(page))
    assert response.status_code == 200
    assert 'class="brand"' in response.content.decode()


def test_signing_up_makes_a_customer(anybody: Client) -> None:
    secret = "a long word for doors"
    body = {"username": "dora", "email": "", "password1": secret, "password2": secret}
    response = anybody.post(reverse("account_signup"), body)
    assert response.status_code == 302
    assert User.objects.get(username="dora").role == "customer"
    assert anybody.get(reverse("orders:mine")).status_code == 200


def test_unknown_addresses_get_the_designed_page(anybody: Client) -> None:
    for path in ("/nowhere", "/restaurants/no-such/", f"/operator/orders/{uuid.uuid4()}"):
        response = anybody.get(path)
        assert response.status_code in (404, 301, 302)
    assert "Nothing at this address" in anybody.get("/nowhere").content.decode()


def test_one_click_sign_in_belongs_to_the_demo(people: dict[str, User], anybody: Client, settings: object) -> None:
    # given: no demo
    settings.DEMO = False  # type: ignore[attr-defined]
    assert anybody.post(reverse("demo-sign-in"), {"username": "alice"}).status_code == 404
    assert "demo" not in anybody.get(reverse("account_login")).content.decode()
    # when: a demo
    settings.DEMO = True  # type: ignore[attr-defined]
    assert "Customer Alice" in anybody.get(reverse("account_login")).content.decode()
    response = anybody.post(reverse("demo-sign-in"), {"username": "c-01"})
    # then
    assert response.status_code == 302
    assert anybody.get("/")["Location"] == reverse("delivery:courier")
    assert anybody.post(reverse("demo-sign-in"), {"username": "nobody"}).status_code == 404
    assert anybody.post(reverse("demo-sign-in"), {"username": "ali\0ce"}).status_code in (302, 404)


@pytest.mark.parametrize(
    ("wanted", "lands"),
    [("/checkout/", "/checkout/"), ("", "/"), ("https://elsewhere.example/", "/"), ("//e.example", "/")],
)
def test_one_click_sign_in_goes_on_to_where_one_was_going(
    people: dict[str, User], anybody: Client, settings: object, wanted: str, lands: str
) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    form = anybody.get(reverse("account_login"), {"next": wanted}).content.decode()
    assert (f'name="next" value="{wanted}"' in form) is bool(wanted)
    response = anybody.post(reverse("demo-sign-in"), {"username": "alice", "next": wanted})
    assert (response.status_code, response["Location"]) == (302, lands)
