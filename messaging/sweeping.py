"""What the sweeper looks after, as each room declares it: a file `sweep.py` of an installed app, with

duty(remind, every=30.0)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules


@dataclass(frozen=True, slots=True)
class Duty:
    """A thing to look after: `every` so many wall seconds, `aside` where it waits for somebody outside the database."""

    run: Callable[[], int]
    every: float = 1.0
    aside: bool = False

    @property
    def name(self) -> str:
        return self.run.__name__


_declared: dict[str, Duty] = {}


def duty(run: Callable[[], int], *, every: float = 1.0, aside: bool = False) -> None:
    """Have the sweeper call `run`, which may be called any number of times and returns how much it changed."""
    made = Duty(run, every=every, aside=aside)
    if _declared.setdefault(made.name, made).run is not run:
        raise RuntimeError(f"duty {made.name!r} is declared twice")


def declared() -> tuple[Duty, ...]:
    """Every room's duties, but delivery's own, which stand in `delivery/sweeper.py`."""
    autodiscover_modules("sweep")
    return tuple(_declared.values())
