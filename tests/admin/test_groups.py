"""Who may see and do what in the admin, by the groups that `manage.py groups` writes."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from config.backoffice.groups import GROUPS, write_groups
from messaging.models import DeadLetter, OutboxRow
from orders.models import Order, Payment, Posting, Restaurant
from tests import factories
from tests.admin.walk import name_of

pytestmark = pytest.mark.django_db

#: Lists that each group opens, and lists that it may not.
SEES: dict[str, tuple[list[str], list[str]]] = {
    "support": (
        ["orders_order", "orders_refund", "notifications_notice", "accounts_user", "accounts_address"],
        ["messaging_outboxrow", "auth_group", "mfa_authenticator", "admin_logentry"],
    ),
    "operations": (
        ["orders_restaurant", "delivery_courier", "messaging_outboxrow", "messaging_deadletter", "admin_logentry"],
        ["accounts_address", "auth_group", "mfa_authenticator", "notifications_device"],
    ),
    "finance": (
        ["orders_payment", "orders_posting", "orders_entry", "orders_refund", "analytics_auditentry"],
        ["accounts_user", "delivery_courier", "messaging_outboxrow"],
    ),
    "analyst": (
        ["orders_order", "delivery_offer", "analytics_orderlife", "messaging_storedoffset", "notifications_notice"],
        ["accounts_user", "accounts_address", "notifications_device", "account_emailaddress", "admin_logentry"],
    ),
}

#: Actions, with the groups that are offered them.
DOES: dict[tuple[type[Model], str], set[str]] = {
    (Order, "cancel_orders"): {"support", "operations"},
    (Payment, "give_back"): {"finance"},
    (Restaurant, "pause_restaurants"): {"operations"},
    (OutboxRow, "discard_rows"): {"operations"},
    (DeadLetter, "redrive_letters"): {"operations"},
    (User, "block_accounts"): {"support"},
    (User, "forget_factors"): set(),
}


def member(group: str) -> Client:
    """Staff of one group, with nothing that their role would add."""
    user = factories.make_user(group, Role.CUSTOMER)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _groups() -> None:
    write_groups()


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_sees_its_own_and_no_more(group: str) -> None:
    client = member(group)
    opens, shut = SEES[group]
    assert {name: client.get(reverse(f"admin:{name}_changelist")).status_code for name in opens} == dict.fromkeys(
        opens, 200
    )
    assert {name: client.get(reverse(f"admin:{name}_changelist")).status_code for name in shut} == dict.fromkeys(
        shut, 403
    )


def test_actions_are_offered_to_the_groups_whose_work_they_are() -> None:
    factories.accepted_order()
    DeadLetter.objects.create(road="sqs", source="dispatch", message_id="a", body=b"{}")
    found: dict[tuple[type[Model], str], set[str]] = {key: set() for key in DOES}
    for group in GROUPS:
        client = member(group)
        for model, action in DOES:
            page = client.get(reverse(f"{name_of(model)}_changelist"))
            if page.status_code == 200 and f'value="{action}"' in page.content.decode():
                found[model, action].add(group)
    assert found == DOES


def test_who_may_only_look_changes_nothing_by_asking_directly() -> None:
    shop = factories.make_restaurant()
    client = member("analyst")
    sure = {"_selected_action": [shop.pk], "confirmed": "yes", "reason": "because I can"}
    client.post(reverse("admin:orders_restaurant_changelist"), {"action": "pause_restaurants", **sure})
    page = reverse("admin:orders_restaurant_change", args=[shop.pk])
    assert client.post(page, {"name": "Mine"}).status_code == 403
    shop.refresh_from_db()
    assert (shop.paused, shop.name) == (False, "Soup Kitchen")
    assert Posting.objects.count() == 0


def test_support_blocks_customers_and_never_staff_and_cannot_raise_itself() -> None:
    client, alice, boss = member("support"), factories.alice(), factories.make_operator()
    address = reverse("admin:accounts_user_changelist")
    sure = {"action": "block_accounts", "confirmed": "yes", "reason": "fraud"}
    client.post(address, {"_selected_action": [alice.pk, boss.pk], **sure})
    assert list(User.objects.filter(is_active=False)) == [alice]
    me = User.objects.get(username="support")
    change = reverse("admin:accounts_user_change", args=[me.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"is_superuser": "on"}).status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=[boss.pk])).status_code == 403
    assert not User.objects.get(pk=me.pk).is_superuser


def test_the_command_sets_its_groups_back_and_leaves_others_alone() -> None:
    own = Group.objects.create(name="on call")
    own.permissions.add(Group.objects.get(name="finance").permissions.all()[0])
    Group.objects.get(name="finance").permissions.clear()
    alice = factories.alice()
    alice.groups.add(Group.objects.get(name="finance"))
    out = StringIO()

    call_command("groups", "--json", stdout=out)

    counts = json.loads(out.getvalue())
    assert set(counts) == set(GROUPS)
    assert Group.objects.get(name="finance").permissions.count() == counts["finance"] > 5
    assert (own.permissions.count(), alice.groups.count()) == (1, 1)
