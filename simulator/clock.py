"""City time without asking for it: read once from the platform, then counted on by this machine's clock."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import datetime, timedelta

#: Longest sleep, wall seconds: a clock that was set anew meanwhile is noticed by sleepers this late at most.
SLICE = 5.0


class CityClock:
    """city = base + elapsed × speed; `set` anchors it to what the platform says."""

    def __init__(self, now: datetime, speed: float) -> None:
        self._changed = asyncio.Event()
        self.set(now, speed)

    def set(self, now: datetime, speed: float, *, at: float | None = None) -> None:
        """Anchor anew: it is `now` in the city (at a monotonic wall second, default this one)."""
        other = speed != getattr(self, "speed", speed)
        self.base, self.speed = now, speed
        self.anchor = time.monotonic() if at is None else at
        if other:
            # Sleepers reckon anew: at another speed they have slept too long, or would.
            self._changed.set()
            self._changed = asyncio.Event()

    def now(self) -> datetime:
        return self.base + timedelta(seconds=(time.monotonic() - self.anchor) * self.speed)

    def wall_until(self, moment: datetime) -> float:
        """Wall seconds to a city time; negative when it is past."""
        return (moment - self.now()).total_seconds() / self.speed

    async def sleep_until(self, moment: datetime) -> None:
        while (left := self.wall_until(moment)) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, SLICE)):
                    await self._changed.wait()

    async def sleep(self, city_seconds: float) -> None:
        await self.sleep_until(self.now() + timedelta(seconds=city_seconds))
