"""The right to be forgotten: the person goes, what happened stays, and the audit's chain still holds."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.erasing import CannotErase, erase
from accounts.models import Address, User
from accounts.tokens import make_token, user_of_token
from analytics.audit.models import AuditEntry
from analytics.audit.verify import verify
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record
from messaging.envelope import encode_headers
from messaging.models import OutboxRow
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, OrderHistory
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

#: What the customer of these tests may be known by.
PERSONAL = ("zorro-login", "zorro@example.org", "Diego", "Vega", "Hacienda", "the fox")


@pytest.fixture
def zorro() -> User:
    """A customer whose one order was called off."""
    user = factories.make_customer("zorro-login")
    user.email, user.first_name, user.last_name = "zorro@example.org", "Diego", "Vega"
    user.save()
    Address.objects.filter(user=user).update(line="Hacienda 1", instructions="ask for the fox")
    order = factories.place_order(customer=user)
    lifecycle.cancel(order.pk, by=Actor("customer", user.pk), reason="changed my mind")
    read_into_audit()
    return user


def read_into_audit() -> None:
    """Hand what the outbox owes to the audit, as the relay and Kafka would."""
    rows = list(OutboxRow.objects.filter(road="kafka", destination="orders.events").order_by("id"))
    found = [
        Record(
            "orders.events",
            0,
            offset,
            encode_headers(
                event_id=row.message_id,
                type=row.type,
                key=row.key,
                sequence=row.sequence,
                time=row.time,
                recorded_at=row.recorded_at,
            ),
            bytes(row.payload),
        )
        for offset, row in enumerate(rows)
    ]
    apply_batch(get_group("audit"), Batch("orders.events", 0, start=0, next=len(found), records=found))


def everything_in(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        return str(cursor.fetchone()[0])


def test_personal_data_go_and_the_chain_still_holds(zorro: User) -> None:
    before = verify()
    assert (before.findings, before.entries) == ([], 2)
    token = make_token(zorro)

    erase(zorro)

    for table in ("accounts_user", "accounts_address", "orders_order", "orders_orderhistory", "analytics_auditentry"):
        held = everything_in(table)
        assert [word for word in PERSONAL if word in held] == [], table
    zorro.refresh_from_db()
    assert (zorro.username, zorro.is_active, zorro.has_usable_password()) == (f"erased-{zorro.pk}", False, False)
    assert user_of_token(token) is None
    # What happened stays, under a number.
    assert (Order.objects.get().customer_id, OrderHistory.objects.count()) == (zorro.pk, 2)
    assert AuditEntry.objects.filter(actor_role="customer", actor_id=zorro.pk).count() == 2
    after = verify()
    assert (after.findings, after.heads) == ([], before.heads)


def test_the_admins_log_and_the_second_factor_go_with_the_person(zorro: User) -> None:
    other = factories.make_customer("alice")
    mail = EmailAddress.objects.create(user=zorro, email=zorro.email)
    Authenticator.objects.create(user=zorro, type=Authenticator.Type.TOTP, data={"secret": "the fox's"})
    operator = factories.make_operator()
    for thing in (zorro, zorro.addresses.earliest("pk"), mail, other):
        LogEntry.objects.log_actions(operator.pk, type(thing).objects.filter(pk=thing.pk), CHANGE, "helped")

    erase(zorro)

    for table in ("django_admin_log", "mfa_authenticator", "account_emailaddress"):
        assert [word for word in PERSONAL if word in everything_in(table)] == [], table
    told = list(LogEntry.objects.order_by("pk").values_list("object_repr", flat=True))
    assert (told[:3], told[3]) == (["erased"] * 3, str(other))


def test_nobody_is_erased_while_an_order_is_on_its_way() -> None:
    user = factories.alice()
    factories.place_order(customer=user)
    with pytest.raises(CannotErase, match="still on their way"):
        erase(user)
    assert User.objects.filter(username="alice", is_active=True).exists()
    with pytest.raises(CommandError, match="nothing was erased"):
        call_command("erase", "alice")


def test_only_customers_can_be_erased() -> None:
    with pytest.raises(CannotErase, match="only a customer's"):
        erase(factories.make_operator())


def test_the_page_asks_for_the_login_and_then_forgets(client: Client, zorro: User) -> None:
    client.force_login(zorro)
    url = reverse("erase-me")
    assert "zorro-login" in client.get(url).content.decode()
    client.post(url, {"username": "alice"})
    assert User.objects.filter(username="zorro-login").exists()
    assert client.post(url, {"username": "zorro-login"})["Location"] == reverse("home")
    assert not User.objects.filter(username="zorro-login").exists()
    assert client.get(url).status_code == 302
