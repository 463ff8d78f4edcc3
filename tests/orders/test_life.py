"""The order's life under random moves by random actors: only what the table allows happens, and all of it is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import User
from delivery.events import OfferMade
from messaging.models import OutboxRow
from orders import lifecycle
from orders.city import city_now
from orders.lifecycle import Actor, IllegalTransition
from orders.models import FINAL, Order, OrderHistory, Restaurant, Status
from tests import factories

ROLES = ["customer", "courier", "restaurant", "operator", "system"]

Verb = Callable[[uuid.UUID, Actor], object]


def by_system(verb: Callable[[uuid.UUID], object]) -> Verb:
    """A move that nobody but the platform can ask for, whoever the rule names."""
    return lambda order_id, _: verb(order_id)


MOVES: dict[str, Verb] = {
    "pay": by_system(lambda order_id: lifecycle.pay(order_id, payment_id=uuid.uuid4(), amount=1)),
    "fail_payment": by_system(lambda order_id: lifecycle.fail_payment(order_id, code="card_declined")),
    "accept": lambda order_id, by: lifecycle.accept(order_id, by=by, preparation=timedelta(minutes=5)),
    "reject": lambda order_id, by: lifecycle.reject(order_id, by=by, reason="no soup"),
    "mark_ready": lambda order_id, by: lifecycle.mark_ready(order_id, by=by),
    "pick_up": lambda order_id, by: lifecycle.pick_up(order_id, by=by),
    "deliver": lambda order_id, by: lifecycle.deliver(order_id, by=by),
    "cancel": lambda order_id, by: lifecycle.cancel(order_id, by=by, reason="changed mind"),
    "give_up": lambda order_id, by: lifecycle.give_up(order_id, by=by, reason="no courier"),
}

#: What the product promises, written down apart from the code's own table: status → move → where to, and who may.
LIFE: dict[str, dict[str, tuple[str, set[str]]]] = {
    "placed": {
        "pay": ("paid", set(ROLES)),
        "fail_payment": ("payment_failed", set(ROLES)),
        "cancel": ("cancelled", {"customer", "operator"}),
    },
    "paid": {
        "accept": ("accepted", {"restaurant", "operator"}),
        "reject": ("rejected", {"restaurant", "operator", "system"}),
        "cancel": ("cancelled", {"customer", "operator"}),
    },
    "accepted": {
        "mark_ready": ("ready", {"restaurant", "operator"}),
        "cancel": ("cancelled", {"restaurant", "operator"}),
        "give_up": ("undeliverable", {"system", "operator"}),
    },
    "ready": {
        "pick_up": ("picked_up", {"courier"}),
        "cancel": ("cancelled", {"restaurant", "operator"}),
        "give_up": ("undeliverable", {"system", "operator"}),
    },
    "picked_up": {
        "deliver": ("delivered", {"courier"}),
        "cancel": ("cancelled", {"operator"}),
        "give_up": ("undeliverable", {"operator"}),
    },
}

#: The commands each move owes to SQS.
OWES = {
    "accept": ["delivery.dispatch_zone"],
    "reject": ["payments.void"],
    "deliver": ["payments.capture"],
    "cancel": ["payments.void", "delivery.release"],
    "give_up": ["payments.void", "delivery.release"],
}


def everything_written() -> tuple[Any, ...]:
    return tuple(list(table.objects.order_by("pk").values()) for table in (Order, OrderHistory, OutboxRow))


class Life(RuleBasedStateMachine):
    customer: ClassVar[User]
    restaurant: ClassVar[Restaurant]

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.order_id = factories.place_order(self.customer, self.restaurant).id
        self.status = "placed"
        self.owed = ["payments.authorise"]
        self.facts = 1

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def attempt(self, move: str, role: str) -> None:
        target, allowed = LIFE.get(self.status, {}).get(move, ("", set()))
        before = everything_written()
        if role in allowed:
            MOVES[move](self.order_id, Actor(role, 7))
            self.status = target
            self.facts += 1
            self.owed += OWES.get(move, [])
            return
        with pytest.raises(IllegalTransition) as refused:
            MOVES[move](self.order_id, Actor(role, 7))
        assert refused.value.status == self.status
        assert self.status in str(refused.value) and refused.value.target in str(refused.value)
        assert everything_written() == before

    @rule(move=st.sampled_from(sorted(MOVES)), role=st.sampled_from(ROLES))
    def any_move(self, move: str, role: str) -> None:
        self.attempt(move, role)

    @precondition(lambda self: self.status in LIFE)
    @rule(data=st.data())
    def a_move_the_table_allows(self, data: st.DataObject) -> None:
        # Drawn alone, random moves hardly ever get an order past its first steps.
        move = data.draw(st.sampled_from(sorted(LIFE[self.status])))
        self.attempt(move, data.draw(st.sampled_from(sorted(LIFE[self.status][move][1]))))

    @precondition(lambda self: self.status in {"accepted", "ready"})
    @rule()
    def a_fact_that_is_no_move(self) -> None:
        with transaction.atomic():
            order = lifecycle.lock_order(self.order_id)
            at = city_now()
            lifecycle.record(
                order, OfferMade, by=lifecycle.SYSTEM, courier_id=3, offer_id="o", deadline=at, attempt=1, at=at
            )
        self.facts += 1

    @invariant()
    def the_status_is_what_the_moves_made_it(self) -> None:
        order = Order.objects.get(pk=self.order_id)
        assert order.status == self.status
        assert order.version == self.facts
        assert order.is_final == (self.status in FINAL) == (self.status not in LIFE)

    @invariant()
    def history_is_whole_and_every_fact_is_owed_to_kafka(self) -> None:
        history = list(OrderHistory.objects.filter(order_id=self.order_id).order_by("sequence"))
        events = list(OutboxRow.objects.filter(road="kafka", key=str(self.order_id)).order_by("id"))
        assert [row.sequence for row in history] == [row.sequence for row in events] == list(range(1, self.facts + 1))
        assert [row.event_id for row in history] == [row.message_id for row in events]
        assert [row.type for row in history] == [row.type for row in events]
        assert [row.old_status for row in history[1:]] == [row.new_status for row in history[:-1]]
        for row, event in zip(history, events, strict=True):
            assert msgspec.json.decode(bytes(event.payload)) == row.payload
            assert row.payload["status"] == row.new_status
            assert (row.payload["by"], row.payload["order_id"]) == (row.actor_role, str(self.order_id))
            assert event.time == row.at

    @invariant()
    def every_command_is_owed_to_sqs(self) -> None:
        commands = OutboxRow.objects.filter(road="sqs").order_by("id").values_list("type", flat=True)
        assert list(commands) == self.owed


@pytest.mark.django_db
def test_life() -> None:
    Life.customer, Life.restaurant = factories.alice(), factories.make_restaurant()
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


#: The shortest way to each status.
WAYS: dict[str, list[tuple[str, str]]] = {
    "placed": [],
    "paid": [("pay", "system")],
    "payment_failed": [("fail_payment", "system")],
    "cancelled": [("cancel", "customer")],
    "rejected": [("pay", "system"), ("reject", "restaurant")],
    "accepted": [("pay", "system"), ("accept", "restaurant")],
    "ready": [("pay", "system"), ("accept", "restaurant"), ("mark_ready", "restaurant")],
}
WAYS["undeliverable"] = [*WAYS["accepted"], ("give_up", "system")]
WAYS["picked_up"] = [*WAYS["ready"], ("pick_up", "courier")]
WAYS["delivered"] = [*WAYS["picked_up"], ("deliver", "courier")]


@pytest.mark.django_db
@pytest.mark.parametrize("status", Status.values)
def test_every_move_that_is_not_promised_raises_and_changes_nothing(status: str) -> None:
    order = factories.place_order()
    for move, role in WAYS[status]:
        MOVES[move](order.id, Actor(role, 7))
    before = everything_written()
    for move, verb in MOVES.items():
        for role in set(ROLES) - LIFE.get(status, {}).get(move, ("", set()))[1]:
            with pytest.raises(IllegalTransition) as refused:
                verb(order.id, Actor(role, 7))
            assert refused.value.status == status
    assert everything_written() == before


def test_the_code_and_the_promise_have_the_same_table() -> None:
    coded = {
        (status, move.target, role)
        for move in lifecycle.TRANSITIONS
        for role, sources in move.allowed.items()
        for status in sources
    }
    promised = {
        (status, target, role)
        for status, allowed in LIFE.items()
        for target, roles in allowed.values()
        for role in (roles if roles != set(ROLES) else {"system"})
    }
    assert coded == promised
