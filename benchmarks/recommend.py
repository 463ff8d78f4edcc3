"""Next-basket recommendation on a public set, beside the usual rivals in the same run and split.

    python -m benchmarks.recommend PATH [--json] [--folds N | --fold N] [--without NAME …]

PATH holds `*_history.json` and `*_future.json` as published with "A Next Basket Recommendation Reality Check"
(Li et al., 2023), for example Ta-Feng. People are split at random 72 / 8 / 20, five times; figures are means over the
folds' test people. Weights are chosen on validation people alone. "History only" learns basket by basket and is
timed request by request; "ranker" also knows the later baskets of the training people.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from analytics.recommendations.tastes import Blend, Tastes
from benchmarks.baskets.data import FOLDS, MEASURES, Absent, Baskets, Floats, Fold, Ints, Scorer, evaluate, folds, read
from benchmarks.baskets.features import Features
from benchmarks.baskets.ranker import train
from benchmarks.baskets.rivals import RIVALS
from benchmarks.report import Measure, emit

OURS = "history only"
RANKER = "ranker"
TARGETS = {
    (OURS, "Recall@10"): 0.157,
    (OURS, "Recall@20"): 0.205,
    (RANKER, "Recall@10"): 0.178,
    (RANKER, "Recall@20"): 0.230,
}
REQUEST_MS = 5.0
GRID = {"popular": (15.0, 30.0, 60.0), "neighbours": (10.0, 20.0, 40.0)}


def learn(data: Baskets) -> Tastes:
    """Feed every history basket, everyone's first before anyone's second."""
    tastes = Tastes(items=data.items)
    for turn in range(max(map(len, data.histories))):
        for person, history in enumerate(data.histories):
            if turn < len(history):
                tastes.learn(person, history[turn].tolist())
    return tastes


def choose_blend(tastes: Tastes, people: Ints, data: Baskets) -> Blend:
    """The weights with the best Recall@10 + Recall@20 on these (validation) people."""
    tastes.blend = Blend(popular=1.0, neighbours=1.0)
    parts = {int(person): tastes.parts(int(person)) for person in people}

    def worth(blend: Blend) -> float:
        def score(some: Ints) -> Floats:
            triples = (parts[int(person)] for person in some)
            return np.stack([own + blend.neighbours * near + blend.popular * all_ for own, near, all_ in triples])

        found = evaluate(score, people, data.futures)
        return found["Recall@10"] + found["Recall@20"]

    blends = [Blend(popular=p, neighbours=n) for p, n in itertools.product(*GRID.values())]
    return max(blends, key=worth)


def tastes_of(tastes: Tastes) -> Scorer:
    return lambda people: np.stack([tastes.scores(person) for person in people.tolist()])


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def timed(request: Callable[[int], object], people: Ints) -> list[float]:
    """Milliseconds of each request, one person at a time."""
    took = []
    for person in people.tolist():
        begun = time.perf_counter()
        request(person)
        took.append(1e3 * (time.perf_counter() - begun))
    return took


def alone(scorer: Scorer) -> Callable[[int], object]:
    """A request to a model that scores many people at once, for one."""
    return lambda person: np.argpartition(-scorer(np.array([person]))[0], 10)


def run(data: Baskets, some_folds: Sequence[Fold], *, without: Sequence[str]) -> Iterator[Measure]:
    results: dict[str, list[dict[str, float]]] = {}
    times: dict[str, float] = {}
    some = some_folds[0].test[:20]
    for name, rival in RIVALS.items():
        if name in without:
            continue
        say(f"fitting {name}")
        scorer = rival(data)
        results[name] = [evaluate(scorer, fold.test, data.futures) for fold in some_folds]
        times[name] = float(np.median(timed(alone(scorer), some)))
        del scorer
    say("learning basket by basket")
    tastes = learn(data)
    requests: list[float] = []
    for number, fold in enumerate(some_folds, start=1):
        tastes.blend = choose_blend(tastes, fold.validation, data)
        say(f"fold {number}: {tastes.blend}")
        results.setdefault(OURS, []).append(evaluate(tastes_of(tastes), fold.test, data.futures))
        requests += timed(tastes.suggest, fold.test[:200])
    if RANKER not in without:
        features = Features(data)
        for number, fold in enumerate(some_folds, start=1):
            say(f"fold {number}: teaching the ranker")
            ranker = train(data, features, fold)
            results.setdefault(RANKER, []).append(evaluate(ranker, fold.test, data.futures))
            times[RANKER] = float(np.median(timed(alone(ranker), some)))
    means = {
        name: {m: float(np.mean([each[m] for each in found])) for m in MEASURES} for name, found in results.items()
    }
    for ours in (name for name in (OURS, RANKER) if name in means):
        for measure in MEASURES:
            rivals = {name: means[name][measure] for name in RIVALS if name in means}
            value, target = means[ours][measure], TARGETS.get((ours, measure))
            yield Measure(
                benchmark="recommend",
                measure=f"{measure}, {ours}",
                unit="",
                ours=value,
                rivals=rivals,
                ratios={name: value / other for name, other in rivals.items()},
                target="" if target is None else f">= {target:.3f}",
                met=None if target is None else value >= target,
            )
    median = float(np.median(requests))
    yield Measure(
        "recommend",
        f"request, {OURS}, median",
        "ms",
        median,
        times,
        {name: median / other for name, other in times.items()},
        target=f"<= {REQUEST_MS:g}",
        met=median <= REQUEST_MS,
    )
    yield Measure("recommend", f"request, {OURS}, p99", "ms", float(np.percentile(requests, 99)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend", description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="folder of *_history.json and *_future.json")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument(
        "--folds", type=int, default=1, choices=range(1, FOLDS + 1), help="how many of the five (default 1)"
    )
    parser.add_argument("--fold", type=int, choices=range(1, FOLDS + 1), help="this one alone, to run them in pieces")
    parser.add_argument(
        "--without", nargs="*", default=[], metavar="NAME", help=f"leave out: {RANKER}, {', '.join(RIVALS)}"
    )
    options = parser.parse_args()
    try:
        data = read(options.path)
    except Absent as absent:
        parser.error(str(absent))
    every = folds(data.people)
    chosen = every[: options.folds] if options.fold is None else [every[options.fold - 1]]
    emit(run(data, chosen, without=options.without), as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
