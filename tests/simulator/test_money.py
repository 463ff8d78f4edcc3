"""Simulated customers with their money: they answer their bank, and ask back what was missing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orders.models import Refund
from orders.payments import tasks
from simulator.api import Api
from simulator.players.customers import Customers
from simulator.tally import Tally
from tests import factories
from tests.orders.payments.conftest import captured_order, payment_of
from tests.system import System, running


def as_customers(system: System, do: Callable[[Customers], Awaitable[None]]) -> Tally:
    """Play one scene against the system's API."""
    tally = Tally()

    async def scene() -> None:
        api = Api(system.url, tally)
        customers = Customers.__new__(Customers)
        customers.stage = cast(Any, SimpleNamespace(api=api, tally=tally))
        customers.dice = random.Random(1)
        try:
            await do(customers)
        finally:
            await api.close()

    asyncio.run(scene())
    return tally


@pytest.mark.django_db(transaction=True)
def test_the_bank_is_answered_and_a_missing_piece_asked_back() -> None:
    with running("web", env={"FORKROAD_DEMO": "1"}) as system:
        asked = factories.place_order(card="tok_3ds")
        tasks.authorise(order=str(asked.id))
        assert payment_of(asked).state == "action"

        async def answer(customers: Customers) -> None:
            assert await customers._answer_bank(str(asked.id), "alice") == "action"

        as_customers(system, answer)
        tasks.refresh(order=str(asked.id))
        assert payment_of(asked).state == "authorised"

        paid = captured_order()
        tally = as_customers(system, lambda customers: customers._complain(str(paid.id), "alice"))
        refund = Refund.objects.get()
        assert (refund.amount, refund.reason, refund.state) == (900, "missing", "approved")
        assert tally.refusals == {}
