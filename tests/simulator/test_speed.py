"""The city changes its speed while it is played: its players notice, and whoever waits looks again."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from simulator import play as playing
from simulator.city import build_city
from simulator.clock import CityClock
from simulator.play import Play
from simulator.players.stage import Stage
from simulator.tally import Tally


class Town:
    """The platform's word on its clock."""

    def __init__(self, clock: CityClock) -> None:
        self.clock = clock
        self.speed = clock.speed

    async def get(self, path: str) -> dict[str, Any]:
        assert path == "/api/city"
        return {"now": self.clock.now().isoformat(), "speed": self.speed}


def test_players_notice_another_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "SPEED_EVERY", 0.0)
    plan, tally = build_city(), Tally(None)
    clock = CityClock(plan.starts_at, speed=60)
    town = Town(clock)
    play = Play(plan, tally, url="")
    play.stage = Stage(plan, town, clock, tally, seed=1)  # type: ignore[arg-type]
    rider: Any = SimpleNamespace(wake=asyncio.Event())
    play.riders, play.kitchens = [rider], {}
    live: Any = SimpleNamespace(connected=True)

    async def run() -> None:
        keeping = asyncio.create_task(play._keep_time(live))
        town.speed = 240
        await asyncio.wait_for(rider.wake.wait(), timeout=30)
        keeping.cancel()

    asyncio.run(run())

    assert clock.speed == 240 and play.stage.hearing
