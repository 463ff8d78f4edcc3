"""When another worker starts and when one stops."""

from __future__ import annotations

from config.scaling.rule import Decider, Look, Rule

RULE = Rule(most=3, waiting=10, age=5, lasting=2, settling=6, quiet=15)
CALM, DEEP, OLD = Look(0, 3, 0), Look(11, 4, 1), Look(2, 4, 5.5)


def played(*looks: tuple[float, Look | None], workers: int = 1) -> list[int]:
    """The number of workers after each look, given at its second."""
    decider = Decider(RULE)
    counts = []
    for now, look in looks:
        workers, _ = decider.decide(look, workers=workers, now=now)
        counts.append(workers)
    return counts


def test_another_starts_once_the_depth_has_lasted() -> None:
    assert played((0, DEEP), (1, DEEP), (2, DEEP)) == [1, 1, 2]
    assert played((0, DEEP), (1, CALM), (2, DEEP), (3, DEEP)) == [1, 1, 1, 1]


def test_age_counts_where_the_queue_is_short() -> None:
    assert played((0, OLD), (2, OLD)) == [1, 2]
    assert played((0, Look(0, 4, 9)), (3, Look(0, 4, 9))) == [1, 1], "nothing waits"


def test_the_depth_is_counted_for_each_worker_there_is() -> None:
    assert played((0, Look(20, 0, 0)), (9, Look(20, 0, 0)), workers=2) == [2, 2]
    assert played((0, Look(21, 0, 0)), (9, Look(21, 0, 0)), workers=2) == [2, 3]


def test_one_start_is_given_time_before_the_next_and_there_is_a_most() -> None:
    looks = [(float(second), Look(500, 0, 30)) for second in range(20)]
    assert played(*looks) == [1, 1, *[2] * 6, *[3] * 12]


def test_one_stops_after_a_quiet_time_each() -> None:
    looks = [(float(second), CALM) for second in range(40)]
    assert played(*looks, workers=3) == [*[3] * 15, *[2] * 15, *[1] * 10]
    assert played((0, CALM), (14, Look(1, 0, 0)), (16, CALM), (30, CALM), workers=2) == [2, 2, 2, 2]


def test_a_server_that_does_not_answer_changes_nothing_and_begins_every_wait_anew() -> None:
    assert played((0, CALM), (14, None), (16, CALM), (30, CALM), (31, CALM), workers=2) == [2, 2, 2, 2, 1]
    assert played((0, DEEP), (1, None), (2, DEEP), (3, DEEP)) == [1, 1, 1, 1]
