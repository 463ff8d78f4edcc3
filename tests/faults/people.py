"""The people of a town, in a thread: whatever an order waits for from a person is done at once.

They act through the same verbs as the pages and the API, so that a test of the machinery needs no browser; what they
meet too late (an offer that ran out, an order called off) they leave, as people do.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import TracebackType

from django.db import connection

from accounts.models import Role
from delivery import couriers, offers
from delivery.couriers import JobReleased
from delivery.models import Assignment, Offer
from orders import lifecycle
from orders.lifecycle import Actor, IllegalTransition
from orders.models import City, Order, Restaurant, Status
from tests import factories

#: What a person may meet too late.
TOO_LATE = (offers.OfferGone, JobReleased, IllegalTransition)


class Town:
    """A restaurant, `riders` couriers and as many customers as order; its people act from `with` to its end."""

    def __init__(self, *, riders: int = 3, capacity: int = 2) -> None:
        self.customer = factories.alice()
        self.restaurant: Restaurant = factories.make_restaurant()
        self.riders = [factories.make_courier(f"c-{n:02}", capacity=capacity) for n in range(riders)]
        # Nobody spends time at a counter or a door here: who has delivered is asked again at once.
        City.objects.update(pickup_minutes=0, dropoff_minutes=0)
        self.failure: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def order(self, *, card: str = "tok_ok") -> Order:
        """An order, as a customer places it."""
        return factories.place_order(self.customer, self.restaurant, card=card)

    def order_many(self, count: int, *, chance: random.Random, slow: float = 0.0) -> list[Order]:
        """Several; about this share of them with a card whose bank takes a second to answer."""
        return [self.order(card="tok_slow" if chance.random() < slow else "tok_ok") for _ in range(count)]

    def __enter__(self) -> Town:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=30)
        if self.failure is not None:
            if error is None:
                raise self.failure
            error.add_note(f"And the people of the town had stopped: {self.failure!r}")

    def _live(self) -> None:
        try:
            while not self._over.wait(0.03):
                self._look_round()
        except BaseException as failure:
            self.failure = failure
        finally:
            connection.close()

    def _look_round(self) -> None:
        kitchen = Actor(Role.RESTAURANT, self.restaurant.user_id)
        for order in Order.objects.filter(status=Status.PAID).values_list("pk", flat=True):
            self._try(partial(lifecycle.accept, order, by=kitchen, preparation=timedelta(0)))
        for order in Order.objects.filter(status=Status.ACCEPTED).values_list("pk", flat=True):
            self._try(partial(lifecycle.mark_ready, order, by=kitchen))
        for offer in Offer.objects.filter(state=Offer.State.OPEN).select_related("courier"):
            self._try(partial(offers.accept, offer.pk, courier=offer.courier))
        for job in Assignment.objects.filter(state=Assignment.State.ACTIVE).select_related("order", "courier"):
            if job.order.status == Status.READY:
                self._try(partial(couriers.pick_up, job.order_id, courier=job.courier))
            elif job.order.status == Status.PICKED_UP:
                self._try(partial(couriers.deliver, job.order_id, courier=job.courier))

    def _try(self, verb: Callable[[], object]) -> None:
        with contextlib.suppress(*TOO_LATE):
            verb()
