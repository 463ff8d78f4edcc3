"""`verify` is content with a system that keeps its promises, and names whatever breaks one."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from analytics.models import AuditEntry, ItemCount, MinuteCount
from delivery import couriers, offers
from delivery.events import OfferMade
from delivery.models import Assignment
from messaging.consuming.group import all_groups
from messaging.models import DeadLetter, OutboxRow, StoredOffset, StreamSequence
from messaging.outbox import publish
from messaging.topology import topics
from notifications.fanout import splitting
from notifications.models import Post
from orders import posts
from orders.city import city_now
from orders.lifecycle import SYSTEM, record
from orders.models import Entry, Order, OrderHistory, Payment, PaymentHistory, Status
from orders.payments import tasks as payments
from tests import factories
from tests.messaging.consuming.running import side_by_side, wait_until_caught_up
from tests.messaging.streams import NOON, a_fact, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def send_events() -> None:
    call_command("relay", road="kafka", once=True)


def read_events() -> None:
    """Let every group apply what Kafka holds."""
    with side_by_side(all_groups()):
        for group in all_groups():
            wait_until_caught_up(group)


def verify(*options: str) -> dict[str, Any]:
    out = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("verify", "--json", "--wait", "0", *options, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def broken(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Check → the subjects that break it."""
    return {
        check["check"]: [example["subject"] for example in check["examples"]]
        for check in answer["checks"]
        if not check["kept"]
    }


@pytest.fixture
def delivered() -> Order:
    """An order that went its whole way and a restaurant's post, told to every group; SQS is not this test's matter."""
    make_topic(*(topic.name for topic in topics()))
    courier = factories.make_courier()
    order = factories.ready_order()
    offer = offers.make(order.id, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.id, courier=courier)
    couriers.pick_up(order.id, courier=courier)
    couriers.deliver(order.id, courier=courier)
    payments.capture(order=str(order.id))
    posts.post("Open late tonight", by=order.restaurant.user)
    send_events()
    read_events()
    # Nobody follows the restaurant, so its post is through as soon as that is known.
    splitting.split(Post.objects.get().pk)
    OutboxRow.objects.filter(road="sqs").delete()
    order.refresh_from_db()
    return order


@pytest.fixture
def without_index(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take promise one's index away, as a mutation would."""
    definition = "SELECT indexdef FROM pg_indexes WHERE indexname = 'one_courier_an_order'"
    with connection.cursor() as cursor:
        cursor.execute(definition)
        (create,) = cursor.fetchone()
        cursor.execute("DROP INDEX one_courier_an_order")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE delivery_assignment CASCADE")
        cursor.execute(create)


def test_a_system_that_keeps_its_promises(delivered: Order, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted"
    accepted.write_text(f"{delivered.id}\n")

    answer = verify("--final", "--accepted", str(accepted))

    assert broken(answer) == {}
    assert answer["ok"] is True
    assert {"accepted_orders_ended", "accepted_exist", "metrics_rebuilds", "audit_equals_history"} <= {
        check["check"] for check in answer["checks"]
    }
    assert answer["summary"]["orders"] == {"placed": 1, "delivered": 1, "unfinished": 0}
    assert answer["summary"]["offers"] == {"made": 1, "accepted": 1}
    assert answer["summary"]["events_per_group"]["metrics"] == delivered.version

    # when: a post is gone that its group says it has read
    Post.objects.all().delete()
    # then
    assert broken(verify()) == {"posts_have_begun": [f"restaurant {delivered.restaurant_id}"]}


@pytest.mark.usefixtures("without_index")
def test_two_couriers(delivered: Order) -> None:
    first = Assignment.objects.get(order=delivered)
    Assignment.objects.create(
        order=delivered, courier=factories.make_courier("c-02"), offer=first.offer, state="active"
    )

    assert broken(verify("--no-replay")) == {"one_courier": [str(delivered.id)]}


def test_an_accepted_order_without_an_end(delivered: Order) -> None:
    waiting = factories.accepted_order()
    OutboxRow.objects.filter(road="sqs").delete()
    send_events()
    read_events()

    assert broken(verify("--no-replay")) == {}
    assert broken(verify("--no-replay", "--final")) == {"accepted_orders_ended": [str(waiting.id)]}


def test_a_missing_history_row(delivered: Order) -> None:
    OrderHistory.objects.get(order=delivered, type="order.ready").delete()

    found = broken(verify("--no-replay"))

    assert found["history_is_whole"] == [str(delivered.id)]
    # The readers were told of a change that the database no longer knows.
    assert {"metrics_equals_history", "audit_equals_history"} <= set(found)


def test_an_event_that_never_reached_kafka(delivered: Order) -> None:
    lost = factories.place_order(key="lost")
    OutboxRow.objects.all().delete()

    found = broken(verify("--no-replay"))

    assert found["changes_in_kafka"] == [str(lost.id)]
    assert {subject.split(": ")[1] for subject in found["changes_reached_groups"]} == {str(lost.id)}


def test_an_event_under_another_id(delivered: Order) -> None:
    OrderHistory.objects.filter(order=delivered, type="order.ready").update(event_id=uuid.uuid4())

    assert broken(verify("--no-replay"))["changes_in_kafka"] == [str(delivered.id)]


def test_a_gap_in_a_stream(delivered: Order) -> None:
    with transaction.atomic():
        publish(a_fact(str(delivered.id)), key=str(delivered.id), sequence=delivered.version + 2, at=NOON)
    send_events()

    assert str(delivered.id) in broken(verify("--no-replay"))["changes_in_kafka"]


def test_an_effect_applied_twice(delivered: Order) -> None:
    row = MinuteCount.objects.filter(status="delivered").get()
    MinuteCount.objects.filter(pk=row.pk).update(orders=2)

    found = broken(verify())

    assert set(found) == {"metrics_equals_history", "metrics_rebuilds"}
    assert set(found["metrics_equals_history"]) == {"analytics_minutecount"}


def test_an_effect_that_is_missing(delivered: Order) -> None:
    ItemCount.objects.all().delete()

    assert set(broken(verify())) == {"recommendations_equals_history", "recommendations_rebuilds"}


def test_an_entry_that_the_history_does_not_know(delivered: Order) -> None:
    entry = AuditEntry.objects.filter(type="order.ready").get()
    entry.pk, entry.event_id, entry.offset, entry.position = None, uuid.uuid4(), entry.offset + 1000, None
    entry.save(force_insert=True)

    found = broken(verify("--no-replay"))

    assert found["audit_equals_history"] == ["analytics_auditentry"]
    assert set(found) == {"audit_equals_history", "audit_chain_holds"}


def test_what_still_waits_or_was_set_aside(delivered: Order) -> None:
    factories.place_order(key="waiting")
    rows = list(OutboxRow.objects.order_by("pk"))
    letter = DeadLetter.objects.create(road="sqs", source="dispatch", message_id="m", error="boom")

    found = broken(verify("--no-replay"))

    assert found["outbox_is_empty"] == [f"outbox row {row.pk}" for row in rows]
    assert found["no_dead_letters"] == [f"dead letter {letter.pk}"]


def test_an_answered_order_that_does_not_exist(delivered: Order, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted"
    gone = str(uuid.uuid4())
    accepted.write_text(f"{delivered.id}\n{gone}\nnonsense\n")

    assert broken(verify("--no-replay", "--accepted", str(accepted))) == {"accepted_exist": [gone, "nonsense"]}


def test_too_many_orders_at_once(delivered: Order) -> None:
    second = factories.ready_order()
    courier = Assignment.objects.get(order=delivered).courier
    offer = offers.make(second.id, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.id, courier=courier)
    third = factories.ready_order()
    # Offered to a courier who carries the second, past every guard: afterwards only the history can tell.
    with transaction.atomic():
        record(third, OfferMade, by=SYSTEM, courier_id=courier.pk, offer_id="x", deadline=city_now(), attempt=1)

    assert broken(verify("--no-replay"))["within_capacity"] == [f"courier {courier.pk}"]


def test_a_group_that_stands_still_is_named(delivered: Order) -> None:
    StreamSequence.objects.filter(group="audit", key=str(delivered.id)).update(last_sequence=1)

    found = broken(verify("--no-replay"))

    assert found["changes_reached_groups"] == [f"audit: {delivered.id}"]
    assert StoredOffset.objects.filter(group="audit").exists()


def test_it_exits_with_its_verdict(delivered: Order) -> None:
    call_command("verify", "--no-replay", "--wait", "0", stdout=io.StringIO())
    Order.objects.filter(pk=delivered.pk).update(status=Status.CANCELLED)

    with pytest.raises(SystemExit) as exit_:
        call_command("verify", "--no-replay", "--wait", "0", stdout=io.StringIO())

    assert exit_.value.code == 1


def test_money_that_the_ledger_does_not_know(delivered: Order) -> None:
    Payment.objects.filter(order=delivered).update(captured=500)

    found = broken(verify("--no-replay"))

    assert found == {"ledger_equals_payments": [str(delivered.id)], "gateway_agrees": [str(delivered.id)]}


@pytest.fixture
def unguarded() -> Iterator[None]:
    """Take the ledger's guards away, as somebody with the owner's rights could."""
    guards = [("orders_posting", "posting_balances"), ("orders_entry", "entries_balance")]
    with connection.cursor() as cursor:
        for table, trigger in [*guards, ("orders_entry", "entry_append_only")]:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        yield
        for table, trigger in [*guards, ("orders_entry", "entry_append_only")]:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


@pytest.mark.usefixtures("unguarded")
def test_a_posting_that_does_not_balance(delivered: Order) -> None:
    entry = Entry.objects.get(posting__kind="capture", account="gateway")
    Entry.objects.create(posting=entry.posting, account="gateway", amount=5)

    found = broken(verify("--no-replay"))

    assert found == {"ledger_balances": [entry.posting.key], "ledger_equals_payments": [str(delivered.id)]}


def test_a_payment_that_the_gateway_took_and_nobody_wrote_down(delivered: Order) -> None:
    payment = Payment.objects.get(order=delivered)
    Payment.objects.filter(pk=payment.pk).update(gateway_reference="pi_another")

    assert broken(verify("--no-replay"))["gateway_agrees"] == [str(delivered.id), payment.gateway_reference]


def test_an_ended_order_whose_payment_is_open(delivered: Order) -> None:
    order = factories.paid_order()
    Order.objects.filter(pk=order.pk).update(status="rejected")
    OutboxRow.objects.filter(road="sqs").delete()

    assert str(order.id) in broken(verify("--no-replay", "--final"))["payments_ended"]


def test_a_fact_of_a_payment_that_never_reached_kafka(delivered: Order) -> None:
    payment = Payment.objects.get(order=delivered)
    PaymentHistory.objects.filter(payment=payment, sequence=2).update(event_id=uuid.uuid4())

    # And under this id its customer was told of it neither in the inbox nor by mail.
    told = {"facts_are_told": [str(delivered.pk)] * 2}
    assert broken(verify("--no-replay")) == {"payments_in_kafka": [str(payment.pk)]} | told
