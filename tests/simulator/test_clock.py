import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from simulator.clock import CityClock

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)


def test_city_time_runs_at_its_speed_from_where_it_was_read() -> None:
    clock = CityClock(NOON, speed=60)
    clock.set(NOON, 60, at=time.monotonic() - 2)

    assert (clock.now() - NOON).total_seconds() == pytest.approx(120, abs=30)
    assert clock.wall_until(NOON + timedelta(hours=1)) == pytest.approx(58, abs=0.5)
    assert clock.wall_until(NOON) < 0


def test_a_sleep_ends_at_its_city_time_and_not_before() -> None:
    clock = CityClock(NOON, speed=3600)
    wanted = NOON + timedelta(minutes=10)

    asyncio.run(clock.sleep_until(wanted))

    assert clock.now() >= wanted


def test_a_past_time_is_not_waited_for() -> None:
    clock = CityClock(NOON, speed=0.001)

    asyncio.run(asyncio.wait_for(clock.sleep_until(NOON - timedelta(days=1)), timeout=1))


def test_who_sleeps_notices_another_speed_at_once() -> None:
    clock = CityClock(NOON, speed=0.001)
    wanted = clock.now() + timedelta(hours=1)

    async def sleep() -> None:
        sleeper = asyncio.create_task(clock.sleep_until(wanted))
        await asyncio.sleep(0)
        clock.set(clock.now(), 1_000_000)
        await asyncio.wait_for(sleeper, timeout=20)

    asyncio.run(sleep())

    assert clock.now() >= wanted
