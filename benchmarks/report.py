"""How every benchmark says what it measured: a table for people, one JSON object a line for scripts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field


@dataclass
class Measure:
    """One figure beside its rivals'. `ratios` are ours ÷ rival; `met` is None where there is no target."""

    benchmark: str
    measure: str
    unit: str
    ours: float
    rivals: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    target: str = ""
    met: bool | None = None


def emit(measures: Iterable[Measure], *, as_json: bool) -> None:
    """Print them, with the machine's load, which says how far to trust them."""
    for measure in measures:
        if as_json:
            rounded = json.loads(json.dumps(asdict(measure)), parse_float=lambda text: round(float(text), 3))
            print(json.dumps(rounded | {"load": round(os.getloadavg()[0], 2)}))
            continue
        verdict = "" if measure.met is None else (" met" if measure.met else " MISSED")
        target = f"  (target {measure.target}:{verdict})" if measure.target else ""
        print(f"{measure.benchmark}: {measure.measure}: {measure.ours:.2f} {measure.unit}{target}")
        for name, value in measure.rivals.items():
            ratio = f"  x{measure.ratios[name]:.2f}" if name in measure.ratios else ""
            print(f"    {name}: {value:.2f}{ratio}")
        for name, value in measure.ratios.items():
            if name not in measure.rivals:
                print(f"    {name}: x{value:.2f}")
