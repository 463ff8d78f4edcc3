"""What a rebuild holds of profiles in memory, once written, is what the live group wrote batch after batch."""

from __future__ import annotations

import pytest

from analytics.fraud.profiles import Book
from analytics.fraud.stored import store
from analytics.models import FraudDecision, FraudProfile
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.failures import Retry
from messaging.consuming.group import get_group
from messaging.consuming.held import MOST_ROWS, Held
from messaging.consuming.replay import begin_generation, stored_positions
from tests.messaging.streams import Record

from .stories import Reader, card_testing, honest
from .test_group import profiles

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


class Rebuilder(Reader):
    """Reads as a replay does: holds, and writes what is too much to hold."""

    def __init__(self, *, most_rows: int = MOST_ROWS) -> None:
        self.group = get_group("fraud")
        number = begin_generation(self.group)
        super().__init__(generation=number)
        self.number = number
        self.held = Held("fraud", number, most_rows=most_rows)

    def apply(self, batch: Batch) -> None:
        apply_batch(self.group, batch, generation=self.number, held=self.held)
        if self.held.full():
            self.write()

    def write(self) -> None:
        self.held.write(stored_positions(self.group, self.number))


def in_order() -> list[Record]:
    return [*honest(1, orders=40, refunded=3), *honest(2, first=700), *card_testing()]


@pytest.mark.parametrize("most_rows", [0, 3, MOST_ROWS])
def test_the_rows_are_the_live_ones(most_rows: int) -> None:
    Reader().read(*in_order())
    decided = FraudDecision.objects.count()
    rebuilder = Rebuilder(most_rows=most_rows)
    for record in in_order():
        rebuilder.read(record)
    if most_rows == MOST_ROWS:
        assert profiles(rebuilder.number) == []
    rebuilder.write()
    assert profiles(rebuilder.number) == profiles(1) != []
    assert FraudDecision.objects.count() == decided


def test_a_batch_that_has_to_come_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Reader().read(*honest(1))
    rebuilder = Rebuilder()
    calls: list[Book] = []

    def now_and_then(book: Book, generation: int) -> None:
        store(book, generation)
        calls.append(book)
        if len(calls) % 2:
            raise Retry("not now")

    monkeypatch.setattr("analytics.fraud.apply.store", now_and_then)
    apply = rebuilder.apply

    def patiently(batch: Batch) -> None:
        try:
            apply(batch)
        except Retry:
            apply(batch)

    rebuilder.apply = patiently  # type: ignore[method-assign]
    rebuilder.read(*honest(1))
    rebuilder.write()
    assert len(calls) > 2 and profiles(rebuilder.number) == profiles(1) != []
    assert FraudProfile.objects.filter(generation=rebuilder.number, kind="account", token="1").count() == 1
