"""The runbook's retry, redrive and discard in the admin: asked for twice, by those who may, done once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from messaging.consuming.batch import apply_batch
from messaging.models import DeadLetter, OutboxRow, ParkedRecord
from messaging.models.incident import Incident, open_incident
from tests.factories import make_operator, make_user
from tests.messaging.consuming.running import metrics
from tests.messaging.consuming.test_effect_once import a_batch, applied
from tests.messaging.streams import Record, a_key, owe
from tests.messaging.test_dead_letters import letter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, model: str, action: str, *ids: int, sure: bool = True, why: str = "seen to") -> Any:
    data = {"action": action, "_selected_action": [str(one) for one in ids]}
    data |= {"confirmed": "yes", "reason": why} if sure else {}
    return client.post(reverse(f"admin:messaging_{model}_changelist"), data, follow=True)


def said(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def blocked_row() -> OutboxRow:
    key = a_key()
    owe(key, 1)
    OutboxRow.objects.update(blocked=True, attempts=3, last_error="MessageSizeTooLargeError: too long")
    open_incident("outbox_blocked", f"orders.events:{key}", "refused")
    return OutboxRow.objects.get()


def test_the_list_shows_attempts_error_and_next_try() -> None:
    row = blocked_row()
    page = said(signed_in(make_operator()).get(reverse("admin:messaging_outboxrow_changelist")))
    for part in (row.key, "MessageSizeTooLargeError", "blocked", "column-attempts", "column-next_try_at"):
        assert part in page


def test_an_action_asks_first_and_changes_nothing_until_it_is_confirmed() -> None:
    row = blocked_row()
    client = signed_in(make_operator())
    page = said(press(client, "outboxrow", "discard_rows", row.pk, sure=False))
    assert "There is no way back" in page and row.key in page and "too long" in page
    assert OutboxRow.objects.get().blocked and not LogEntry.objects.exists()

    page = said(press(client, "outboxrow", "discard_rows", row.pk))

    assert "discarded" in page
    after = OutboxRow.objects.get()
    assert (after.type, after.sequence, after.blocked) == ("stream.skipped", 1, False)
    assert not Incident.objects.filter(resolved_at=None).exists()
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(row.pk), "Discard: discarded. Reason: seen to")


def test_without_a_reason_nothing_is_done() -> None:
    row = blocked_row()
    page = said(press(signed_in(make_operator()), "outboxrow", "discard_rows", row.pk, why="  "))
    assert "say why first" in page
    assert OutboxRow.objects.get().blocked and not LogEntry.objects.exists()


def test_a_blocked_row_is_retried() -> None:
    row = blocked_row()
    assert "goes again now" in said(press(signed_in(make_operator()), "outboxrow", "retry_rows", row.pk))
    after = OutboxRow.objects.get()
    assert (after.blocked, after.next_try_at, after.type) == (False, None, "order.ready")


def test_a_row_that_is_not_blocked_is_not_discarded() -> None:
    owe(a_key(), 1)
    row = OutboxRow.objects.get()
    assert "only a blocked row" in said(press(signed_in(make_operator()), "outboxrow", "discard_rows", row.pk))
    assert OutboxRow.objects.get().type == "order.ready" and not LogEntry.objects.exists()


def test_those_who_may_only_look_are_offered_nothing_and_change_nothing() -> None:
    row = blocked_row()
    user = make_user("looker", Role.OPERATOR)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_outboxrow"))
    client = signed_in(user)
    page = said(client.get(reverse("admin:messaging_outboxrow_changelist")))
    assert row.key in page and "discard_rows" not in page
    press(client, "outboxrow", "discard_rows", row.pk)
    assert OutboxRow.objects.get().blocked

    group = Group.objects.create(name="on call")
    group.permissions.add(Permission.objects.get(codename="change_outboxrow"))
    user.groups.add(group)

    assert "discard_rows" in said(client.get(reverse("admin:messaging_outboxrow_changelist")))
    press(client, "outboxrow", "discard_rows", row.pk)
    assert not OutboxRow.objects.get().blocked


@pytest.mark.parametrize("model", ["outboxrow", "deadletter", "parkedrecord"])
def test_nobody_edits_by_hand_and_customers_do_not_come_in(model: str) -> None:
    boss = signed_in(make_operator())
    assert boss.get(reverse(f"admin:messaging_{model}_add")).status_code == 403
    answer = signed_in(make_user("alice", Role.CUSTOMER)).get(reverse(f"admin:messaging_{model}_changelist"))
    assert answer.status_code == 302 and "login" in answer.headers["Location"]


def test_a_dead_command_is_redriven_once() -> None:
    dead = letter(key="o1", error="boom")
    client = signed_in(make_operator())
    assert "sent again" in said(press(client, "deadletter", "redrive_letters", dead.pk))
    assert "not open any more" in said(press(client, "deadletter", "redrive_letters", dead.pk))
    assert OutboxRow.objects.count() == 1 and DeadLetter.objects.get().state == "redriven"


def test_of_several_letters_each_has_its_own_outcome() -> None:
    good, bad = letter(message_id="a", key="o1"), letter(message_id="b", body=b"hello", type="")
    client = signed_in(make_operator())
    page = said(press(client, "deadletter", "redrive_letters", good.pk, bad.pk))
    assert "sent again" in page and "is no command" in page
    assert "discarded" in said(press(client, "deadletter", "discard_letters", bad.pk))
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"redriven", "discarded"}
    assert OutboxRow.objects.count() == 1


def test_a_parked_record_is_tried_again_and_then_waved_through() -> None:
    key = a_key()
    apply_batch(metrics(), a_batch(Record(key, 1), Record(key, 3), Record(key, 4)))
    assert applied() == 1
    first = ParkedRecord.objects.order_by("sequence")[0]
    client = signed_in(make_operator())
    assert "it still waits" in said(press(client, "parkedrecord", "redrive_records", first.pk))
    assert ParkedRecord.objects.count() == 2

    assert "2 events of its key were applied" in said(press(client, "parkedrecord", "discard_records", first.pk))

    assert applied() == 3 and not ParkedRecord.objects.exists()
