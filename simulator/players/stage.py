"""What all players share: the API, the clock, the tally, and tasks that never fail unnoticed."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from simulator.api import Api, Refused, Unreachable
from simulator.clock import CityClock
from simulator.plan import CityPlan
from simulator.tally import Tally

logger = logging.getLogger("simulator")

#: Wall seconds between looks of one's own: rare while the event stream is heard, or looks would be most of the load.
HEARD, UNHEARD = 20.0, 3.0


@dataclass(slots=True)
class Stage:
    plan: CityPlan
    api: Api
    clock: CityClock
    tally: Tally
    seed: int
    hearing: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def scripted(self) -> bool:
        """Whether the plan says what happens (an instance), so that nobody declines, forgets or cancels."""
        return bool(self.plan.orders)

    @property
    def look_every(self) -> float:
        """Wall seconds after which a player that heard nothing looks for itself: a lost event never hangs the city."""
        return HEARD if self.hearing else UNHEARD

    def dice(self, name: str) -> random.Random:
        """A player's own luck: the same for the same seed, whatever the others do."""
        return random.Random(f"{self.seed} {name}")

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, play: Callable[[], Awaitable[None]], *, name: str) -> asyncio.Task[None]:
        """A player for the whole run: what goes wrong is counted, and it begins anew instead of leaving the stage."""

        async def again_and_again() -> None:
            while True:
                try:
                    return await play()
                except Exception as error:
                    self.went_wrong(name, error, overcome=isinstance(error, Unreachable))
                await asyncio.sleep(1.0)

        return self.spawn(again_and_again(), name=name)

    async def dismiss(self) -> None:
        """Stop whatever still plays."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.went_wrong(task.get_name(), error)

    def went_wrong(self, name: str, error: BaseException, *, overcome: bool = False) -> None:
        """Count an error; `overcome` when another attempt follows."""
        expected = isinstance(error, (Refused, Unreachable))
        kind = f"{error.status} {error.code}" if isinstance(error, Refused) else type(error).__name__
        (self.tally.errors if overcome else self.tally.failures)[kind] += 1
        logger.error("%s: %s", name, error, exc_info=None if expected else error)
