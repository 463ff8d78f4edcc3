"""How soon a dispatch policy brings meals to the door, on public instances, beside what others reached.

python -m benchmarks.dispatch INSTANCE_DIR… [--policy planner] [--json] [--write-solution OUT] [--seed N]
python -m benchmarks.dispatch INSTANCE_DIR… --harder [--clairvoyant [TRIES]]
python -m benchmarks.dispatch --scale
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from delivery.planning import POLICIES

from .mdrp.clairvoyant import foresee
from .mdrp.evaluator import Figures, evaluate
from .mdrp.harder import hopeless, write_harder
from .mdrp.instance import Instance, InstanceError, read_instance
from .mdrp.lost import Comparison, compare
from .mdrp.lost import table as lost_table
from .mdrp.published import FOODMATCH, LEFT_OUT, PUBLISHED, TARGETS
from .mdrp.replay import Solution, replay
from .mdrp.scale import LIMIT_MS, one_round
from .mdrp.solution import write_solution

MOST_PROCESSES = 2
#: Of the search that knows the whole day; some minutes for a day of 500 orders.
TRIES = 3000


@dataclass(frozen=True, slots=True)
class Played:
    """An instance as a policy played it, measured by the evaluator; milliseconds of a round's solving.

    hopeless: orders that nobody could have picked up within their shift
    lost: orders undelivered or over the maximum, beside a plan that knew the whole day
    """

    instance: str
    figures: Figures
    solve_ms: float
    solve_ms_p99: float
    hopeless: int = 0
    lost: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Task:
    folder: Path
    policy: str
    seed: int
    out: Path | None
    clairvoyant: int = 0


def main(arguments: list[str] | None = None) -> int:
    """0 where all was played and every rule kept; 2 where an instance or argument is wrong."""
    options = _parser().parse_args(arguments)
    if not options.instances and not options.scale:
        print("name at least one instance's folder, or --scale", file=sys.stderr)
        return 2
    lines: list[dict[str, object]] = []
    if options.scale:
        lines += _scale_lines(options.policy, options.seed)
        if not options.json:
            print("\n".join(f"{line['measure']}: {line['ours']} {line['unit']}" for line in lines))
    if options.instances:
        try:
            with tempfile.TemporaryDirectory() as scratch:
                if options.harder:
                    folders = [Path(each) for each in options.instances]
                    options.instances = [each for folder in folders for each in write_harder(folder, Path(scratch))]
                tasks = _tasks(options)
                played = _play_all(tasks, processes=options.processes)
        except (InstanceError, OSError) as error:
            print(error, file=sys.stderr)
            return 2
        if not options.json:
            print(table(played, policy=options.policy))
            for each in played:
                if each.lost is not None:
                    print(f"\n{each.instance}: undelivered or over the maximum\n{lost_table(each.lost)}")
        lines += [line for each in played for line in measures(each)] + means(played)
    if options.json:
        for line in lines:
            print(json.dumps(line))
    return 0


def play(task: Task) -> Played:
    """Replay, write, recheck.

    Raises:
        InstanceError: the folder is not an instance.
        RuntimeError: the evaluator found a rule broken: a fault of the policy or the replay.
    """
    instance = read_instance(task.folder)
    solution = replay(instance, POLICIES[task.policy](task.seed))
    figures = recheck(instance, solution, task.folder, task.out)
    lost = None
    if task.clairvoyant:
        foreseen = foresee(instance, solution, seed=task.seed, tries=task.clairvoyant)
        recheck(instance, foreseen, task.folder, None)
        lost = compare(instance, solution, foreseen)
    spent = np.array(solution.seconds) * 1000
    mean, p99 = float(spent.mean()), float(np.percentile(spent, 99))
    return Played(instance.name, figures, mean, p99, hopeless(instance), lost)


def recheck(instance: Instance, solution: Solution, folder: Path, out: Path | None) -> Figures:
    """Write the solution, to `out` if it is named, and have the evaluator measure what stands there.

    Raises:
        RuntimeError: a rule is broken.
    """
    with tempfile.TemporaryDirectory() as scratch:
        written = out or Path(scratch)
        write_solution(instance, solution, written)
        verdict = evaluate(folder, written)
    if verdict.figures is None:
        raise RuntimeError(f"{instance.name}: rules broken:\n  " + "\n  ".join(verdict.violations[:10]))
    return verdict.figures


def measures(played: Played) -> list[dict[str, object]]:
    """The instance's lines for --json."""
    name, figures = played.instance, played.figures
    others = PUBLISHED.get(name, {})
    door = {who: pair[0] for who, pair in others.items()}
    counter = {who: pair[1] for who, pair in others.items()}
    target = TARGETS.get(name, door.get(FOODMATCH))
    left = {who: LEFT_OUT.get(name, {}).get(who, 0) for who in others} if name in LEFT_OUT else {}
    lines = [
        _line(name, "undelivered", "orders", figures.undelivered, left, target=played.hopeless),
        _line(name, "click-to-door mean", "minutes", figures.click_to_door, door, target=target),
        _line(name, "click-to-door p90", "minutes", figures.click_to_door_p90),
        _line(name, "click-to-door over the maximum", "orders", figures.over_maximum),
        _line(name, "ready-to-pickup mean", "minutes", figures.ready_to_pickup, counter, target=counter.get(FOODMATCH)),
        _line(name, "orders per bundle", "orders", figures.orders_per_bundle),
        _line(name, "solve time per round mean", "milliseconds", played.solve_ms),
        _line(name, "solve time per round p99", "milliseconds", played.solve_ms_p99),
    ]
    if played.lost is not None:
        knew = {"plan that knew the day": played.lost.foreseen}
        lines.append(_line(name, "undelivered or over the maximum", "orders", len(played.lost.lost), knew))
    return lines


def means(played: list[Played]) -> list[dict[str, object]]:
    """Over the instances; a rival only where its figure is known for all of them."""
    lines: list[dict[str, object]] = []
    for at, measure in enumerate(("click-to-door mean", "ready-to-pickup mean")):
        ours = [each.figures.click_to_door if at == 0 else each.figures.ready_to_pickup for each in played]
        tables = [PUBLISHED.get(each.instance, {}) for each in played]
        common = [who for who in tables[0] if all(who in table for table in tables)]
        rivals = {who: sum(table[who][at] for table in tables) / len(tables) for who in common}
        lines.append(_line("mean", measure, "minutes", sum(ours) / len(ours), rivals, target=rivals.get(FOODMATCH)))
    lost = sum(each.figures.undelivered for each in played)
    return [_line("mean", "undelivered, all together", "orders", lost, target=0), *lines]


def table(played: list[Played], *, policy: str) -> str:
    """One row an instance and the mean; others' click-to-door/ready-to-pickup behind."""
    head = (
        f"{'policy ' + policy:<18} {'undel.':>6} {'c-to-door':>9} {'p90':>5} {'max':>4} {'r-to-pick':>9} "
        f"{'bundle':>6} {'ms':>6} {'p99 ms':>7}  others (click-to-door/ready-to-pickup, minutes)"
    )
    rows = [head]
    for each in played:
        figures = each.figures
        name = each.instance if len(each.instance) <= 18 else f"{each.instance}\n{'':<18}"
        others = ", ".join(
            f"{who} {door:.2f}/{counter:.2f}"
            + (f" ({lost} undelivered)" if (lost := LEFT_OUT.get(each.instance, {}).get(who)) else "")
            for who, (door, counter) in PUBLISHED.get(each.instance, {}).items()
        )
        rows.append(
            f"{name:<18} {figures.undelivered:>6} {figures.click_to_door:>9.2f} "
            f"{figures.click_to_door_p90:>5.1f} {figures.click_to_door_max:>4.0f} {figures.ready_to_pickup:>9.2f} "
            f"{figures.orders_per_bundle:>6.2f} {each.solve_ms:>6.1f} {each.solve_ms_p99:>7.1f}  {others or '–'}"
            + (f"  ({each.hopeless} undelivered whatever is done: no shift reaches them)" if each.hopeless else "")
        )
    count = len(played)
    rows.append(
        f"{'mean':<18} {sum(each.figures.undelivered for each in played) / count:>6.2g} "
        f"{sum(each.figures.click_to_door for each in played) / count:>9.2f} "
        f"{sum(each.figures.click_to_door_p90 for each in played) / count:>5.1f} {'':>4} "
        f"{sum(each.figures.ready_to_pickup for each in played) / count:>9.2f} "
        f"{sum(each.figures.orders_per_bundle for each in played) / count:>6.2f} "
        f"{sum(each.solve_ms for each in played) / count:>6.1f} "
        f"{sum(each.solve_ms_p99 for each in played) / count:>7.1f}"
    )
    rows.append("Others: optimum and Reyes as published (Reyes et al. 2018); FoodMatch and linear assignment measured")
    rows.append("with public or plain code, whole-minute travel. Ours rechecked by an independent evaluator.")
    return "\n".join(rows)


def _line(
    instance: str,
    measure: str,
    unit: str,
    ours: float,
    rivals: dict[str, float] | dict[str, int] | None = None,
    *,
    target: float | None = None,
) -> dict[str, object]:
    known = dict(rivals or {})
    return {
        "benchmark": "dispatch",
        "measure": f"{instance}: {measure}",
        "unit": unit,
        "ours": None if math.isnan(ours) else round(ours, 3),
        "rivals": known,
        "ratios": {who: round(ours / value, 4) for who, value in known.items() if value},
        "target": target,
        "met": None if target is None else bool(ours <= target),
    }


def _scale_lines(policy: str, seed: int) -> list[dict[str, object]]:
    took = sorted(one_round(POLICIES[policy](seed + turn), seed=seed + turn) for turn in range(5))
    return [_line("500 orders × 1,000 couriers", "one round", "milliseconds", took[2] * 1000, target=LIMIT_MS)]


def _tasks(options: argparse.Namespace) -> list[Task]:
    folders = [Path(each) for each in options.instances]
    for folder in folders:
        read_instance(folder)
    out = Path(options.write_solution) if options.write_solution else None
    # One instance's files go right into OUT, those of several into a folder each.
    return [
        Task(
            folder,
            options.policy,
            options.seed,
            out / folder.resolve().name if out and len(folders) > 1 else out,
            options.clairvoyant,
        )
        for folder in folders
    ]


def _play_all(tasks: list[Task], *, processes: int) -> list[Played]:
    if len(tasks) == 1 or processes == 1:
        return [play(task) for task in tasks]
    with ProcessPoolExecutor(min(processes, len(tasks))) as pool:
        return list(pool.map(play, tasks))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dispatch", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("instances", nargs="*", metavar="INSTANCE_DIR", help="folder of a public instance")
    parser.add_argument("--policy", choices=sorted(POLICIES), default="planner")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--write-solution", metavar="OUT", help="keep the official evaluator's input files there")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same decisions")
    parser.add_argument("--processes", type=int, choices=range(1, MOST_PROCESSES + 1), default=1)
    parser.add_argument("--harder", action="store_true", help="play each with fewer couriers, more orders, less time")
    about = f"name each order lost, and whether a plan that knew the day saves it; tries of its search ({TRIES})"
    parser.add_argument("--clairvoyant", type=int, nargs="?", const=TRIES, default=0, metavar="TRIES", help=about)
    parser.add_argument("--scale", action="store_true", help="time one round of 500 orders and 1,000 couriers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
