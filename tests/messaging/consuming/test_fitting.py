"""How much a poll brings: what the handler can do in time, as far as anybody knows."""

from __future__ import annotations

import pytest

from messaging.consuming.pace import CALL, Given, Pace


def polls(*seen: tuple[int, float], batch: int = 24_000) -> list[int]:
    """The size of the next poll after each, of which the handler was given so many events and took so many seconds."""
    pace = Pace(most=batch, chewing=30.0)
    pace.blind = 150
    sizes = []
    for handled, seconds in seen:
        pace.given = Given(handled, seconds, calls=1)
        pace.fit(pace.bite, seconds)
        sizes.append(pace.bite)
    return sizes


def test_it_doubles_while_the_handler_is_quick_up_to_the_batch() -> None:
    assert polls(*[(50, 0.001)] * 4, batch=700) == [100, 200, 400, 700]


def test_a_slow_handler_gets_what_it_can_do() -> None:
    assert polls((50, 10.0), (100, 40.0)) == [100, 75]


def test_the_next_poll_may_hold_nothing_but_what_it_uses() -> None:
    # One event of fifty took 1.5 s: of such the next may bring twenty.
    assert polls((1, CALL + 1.5)) == [20]
    # A call alone takes its time, and says nothing of many events.
    assert polls((1, CALL)) == [100]


@pytest.mark.parametrize("quiet", [1, 3, 20])
def test_records_that_are_none_of_its_business_do_not_make_it_look_quick(quiet: int) -> None:
    sizes = polls(*[(0, 0.0001)] * quiet)
    assert sizes == [100, *[150] * (quiet - 1)]
    # What it learnt before, it keeps.
    assert polls((50, 0.001), (50, 0.001), *[(0, 0.0001)] * quiet) == [100, *[200] * (quiet + 1)]
