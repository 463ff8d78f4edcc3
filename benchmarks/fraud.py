"""Fraud: rules, an online model, and both, on simulated months; and how soon a decision is made.

    python -m benchmarks.fraud [--json] [--seeds 101,102,103] [--without model live …] [--public CSV [--limit N]]

Each seed is a month of about eleven thousand orders, one in seventeen of them fraud of five patterns, among honest
people who also share devices, move, throw parties, have cards declined and food missing. Days 1 to 21 fill profiles,
teach reviewers' lessons and the model, and set the model's line; the days after are measured. None of these seeds was
used to write or tune a rule (1 to 8 were). The time of a decision goes through outbox, relay, Kafka and the group.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from analytics.fraud.rules import LINE
from benchmarks.crime import trial
from benchmarks.crime.measures import Found, area, found, recall_at
from benchmarks.crime.public import Unreadable, prequential
from benchmarks.crime.trial import BOTH, MODEL, RULES, Order
from benchmarks.report import Measure, emit
from simulator.fraud.acts import DAY, PATTERNS

SEEDS = (101, 102, 103)
PRECISION = RECALL = 0.9
DECIDED_MS = 100.0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(seeds: Sequence[int], *, model: bool) -> Iterator[Measure]:
    judges = (RULES, MODEL, BOTH) if model else (RULES,)
    counts = dict.fromkeys(judges, Found(0, 0, 0))
    areas: dict[str, list[float]] = {name: [] for name in judges}
    measured: list[tuple[Order, dict[str, bool]]] = []
    alone = Found(0, 0, 0)
    for seed in seeds:
        say(f"month {seed}")
        learnt, tested = trial.parted(trial.run(seed, model=model))
        truth = [order.fraud for order in tested]
        flags = {}
        for name in judges:
            line = float(LINE) if name == RULES else _line(learnt, name)
            scores = [order.scores[name] for order in tested]
            flags[name] = [score >= line for score in scores]
            counts[name] += found(truth, flags[name])
            areas[name].append(area(truth, scores))
        measured += [(order, {name: flags[name][place] for name in judges}) for place, order in enumerate(tested)]
        _, unreviewed = trial.parted(trial.run(seed, model=False, reviewed=False))
        alone += found([o.fraud for o in unreviewed], [o.scores[RULES] >= LINE for o in unreviewed])
    best = max(judges, key=lambda name: min(counts[name].precision, counts[name].recall))
    say(f"orders measured: {len(measured)}, of them fraud: {sum(order.fraud for order, _ in measured)}; best: {best}")
    rivals = [name for name in judges if name != RULES]
    for what, target, values in (
        ("precision", PRECISION, {name: counts[name].precision for name in judges}),
        ("recall", RECALL, {name: counts[name].recall for name in judges}),
        ("AUC-PR", None, {name: float(np.mean(areas[name])) for name in judges}),
    ):
        yield Measure(
            "fraud",
            f"{what}, {RULES}",
            "",
            values[RULES],
            {name: values[name] for name in rivals},
            {name: values[RULES] / max(values[name], 1e-9) for name in rivals},
            target="" if target is None else f">= {target}",
            met=None if target is None else values[RULES] >= target,
        )
    for pattern in PATTERNS:
        some = [(order, flags) for order, flags in measured if order.pattern == pattern]
        caught = {name: sum(flags[name] for _, flags in some) / max(1, len(some)) for name in judges}
        yield Measure(
            "fraud", f"recall, {pattern}, of {len(some)}", "", caught[RULES], {name: caught[name] for name in rivals}
        )
    frauds = [order for order, _ in measured if order.fraud]
    honest = [(order, flags) for order, flags in measured if not order.fraud]
    in_time = sum(order.in_time for order in frauds) / max(1, len(frauds))
    yield Measure("fraud", f"recall within {trial.IN_TIME / 60:g} minutes of placing, {RULES}", "", in_time)
    wrongly = 1000 * sum(flags[RULES] for _, flags in honest) / max(1, len(honest))
    yield Measure("fraud", "honest orders flagged, of a thousand", "", wrongly)
    yield Measure("fraud", "precision, rules that no reviewer teaches", "", alone.precision, {"recall": alone.recall})


def _line(learnt: Sequence[Order], name: str) -> float:
    """The probability from which on the model flags: the best recall at the wanted precision on the second and third
    week, when it knew something.
    """
    some = [order for order in learnt if order.placed_at >= 7 * DAY]
    _, line = recall_at([order.fraud for order in some], [order.scores[name] for order in some], PRECISION)
    return line if np.isfinite(line) else 0.5


def live(*, seconds: float, rate: float) -> Iterator[Measure]:
    from benchmarks.crime.live import latencies

    took = latencies(seconds=seconds, rate=rate)
    low, high = float(np.percentile(took, 50)), float(np.percentile(took, 99))
    what = f"at {rate:g} events/s, {len(took)} decisions"
    yield Measure("fraud", f"event to decision, median, {what}", "ms", low)
    yield Measure(
        "fraud", f"event to decision, p99, {what}", "ms", high, target=f"<= {DECIDED_MS:g}", met=high <= DECIDED_MS
    )


def public(path: Path, limit: int | None) -> Iterator[Measure]:
    say(f"prequential on {path}")
    truth, scores = prequential(path, limit=limit)
    recall, _ = recall_at(truth, scores, PRECISION)
    yield Measure("fraud", f"AUC-PR of the model, prequential, {len(truth)} payments", "", area(truth, scores))
    yield Measure("fraud", f"recall of the model at precision {PRECISION}, prequential", "", recall)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fraud", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--seeds", type=_numbers, default=list(SEEDS), help="months, such as 101,102,103")
    parser.add_argument("--without", nargs="*", default=[], choices=["model", "live", "months"], help="leave out")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the live part (20)")
    parser.add_argument("--rate", type=float, default=50.0, help="events a second in the live part (50)")
    parser.add_argument("--public", type=Path, metavar="CSV", help="a public set of card payments with a label column")
    parser.add_argument("--limit", type=int, help="of the public set, only so many payments")
    options = parser.parse_args()
    try:
        if "months" not in options.without:
            emit(run(options.seeds, model="model" not in options.without), as_json=options.json)
        if options.public is None:
            say("no public set: name one with --public to have prequential results")
        else:
            emit(public(options.public, options.limit), as_json=options.json)
    except Unreadable as error:
        parser.error(str(error))
    if "live" not in options.without:
        emit(live(seconds=options.seconds, rate=options.rate), as_json=options.json)
    return 0


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
