from __future__ import annotations

from messaging.sqs.reach import Reach


def test_more_is_held_while_commands_are_fast_and_soon_no_more_when_they_are_slow() -> None:
    now = 0.0
    reach = Reach(most=60, clock=lambda: now)
    assert reach.limit(8) == 8
    for _ in range(30):
        reach.done()
    now = 0.2
    # 150 a second: what a fifth of a second takes.
    assert reach.limit(8) == 30
    for _ in range(1000):
        reach.done()
    now = 0.4
    assert reach.limit(8) == 60
    limits = []
    while now < 4:
        now += 0.2
        limits.append(reach.limit(8))
    assert limits[-1] == 8 and limits == sorted(limits, reverse=True)
    # A pause of the server's does not throw the pace away.
    assert limits[1] == 60


def test_a_long_rest_ends_the_pace_at_once() -> None:
    now = 0.0
    reach = Reach(most=60, clock=lambda: now)
    for _ in range(200):
        reach.done()
    now = 0.2
    assert reach.limit(4) == 60
    now = 20.0
    assert reach.limit(4) == 4
