"""What each road cost this project: processes, settings and lines of code, counted when asked, not remembered."""

from __future__ import annotations

import ast
import logging
import threading
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.embedded.parts import Options, parts
from config.embedded.paths import CHECKOUT
from messaging.consuming.group import all_groups
from messaging.topology import queues, topics

SQS, KAFKA, BOTH = "SQS", "Kafka", "both"

#: Which road a part of the demo belongs to; parts that would be there without either are left out.
PARTS = {
    "worker-payments": SQS,
    "worker-others": SQS,
    "worker-scaler": SQS,
    "consume": KAFKA,
    "relay": BOTH,
}
#: Parts that know no broker, or would be there without one.
NEITHER = frozenset({"web", "gateway", "simulate", "sweep"})
#: And the servers.
SERVERS = {"sqs": SQS, "kafka": KAFKA}

#: What was written for each road; folders with all that is in them.
CODE: dict[str, tuple[str, ...]] = {
    SQS: (
        "messaging/sqs",
        "messaging/tasks.py",
        "messaging/runs.py",
        "config/celery.py",
        "config/celeryconfig.py",
        "config/scaling",
    ),
    KAFKA: (
        "messaging/kafka.py",
        "messaging/topics.py",
        "messaging/consuming",
        "messaging/relay/kafka.py",
        "messaging/relay/packing.py",
        "messaging/stream.py",
    ),
    BOTH: ("messaging/outbox.py", "messaging/relay", "messaging/deadletters", "messaging/names.py"),
}
#: By what the names of a road's settings begin.
SETTINGS: dict[str, tuple[str, ...]] = {
    SQS: ("SQS_", "AWS_", "VISIBILITY", "MAX_RECEIVES", "TASK_LIMIT"),
    KAFKA: ("KAFKA_",),
    BOTH: ("FORKROAD_NAMESPACE",),
}


#: A checkout that is written to at the moment: a file has gone, or is there by half.
UNREADABLE = (OSError, SyntaxError, ValueError, tokenize.TokenError)

log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Cost:
    """What one road takes. `declared` are queues or topics and groups; `lines` hold code, without comments."""

    road: str
    processes: tuple[str, ...]
    settings: int
    declared: str
    lines: int


def costs() -> tuple[Cost, ...]:
    """The roads, and what serves both; nothing while the checkout cannot be read, and then counted when next asked."""
    try:
        with _one_at_a_time:
            return _counted()
    except UNREADABLE as error:
        log.warning("The roads' costs could not be counted: %s", error)
        return ()


@cache
def _counted() -> tuple[Cost, ...]:
    names = setting_names(CHECKOUT / "config/settings/brokers.py")
    declared = {
        SQS: f"{2 * len(queues())} queues, half of them for dead letters",
        KAFKA: f"{len(topics())} topics, {len(all_groups())} groups",
        BOTH: "one table, the outbox",
    }
    return tuple(
        Cost(
            road=road,
            processes=tuple(processes_of(road)),
            settings=sum(name.startswith(SETTINGS[road]) for name in names)
            + (len(setting_names(CHECKOUT / "config/celeryconfig.py")) if road == SQS else 0),
            declared=declared[road],
            lines=sum(lines_of(file) for file in files_of(road)),
        )
        for road in (SQS, KAFKA, BOTH)
    )


def processes_of(road: str) -> list[str]:
    """The server of a road and the parts of the demo that are there for it."""
    running = [part.name for part in parts(Options(port=0))]
    return [f"{name} (server)" for name, of in SERVERS.items() if of == road] + [
        name for name in running if PARTS.get(name) == road
    ]


def files_of(road: str) -> list[Path]:
    """Modules of a road; one that is named for a road is not counted for both."""
    own = _modules(CODE[road])
    if road != BOTH:
        return own
    elsewhere = set(_modules([*CODE[SQS], *CODE[KAFKA]]))
    return [file for file in own if file not in elsewhere]


def _modules(names: Sequence[str]) -> list[Path]:
    found: list[Path] = []
    for name in names:
        path = CHECKOUT / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def setting_names(module: Path) -> list[str]:
    """Names that a module of settings assigns."""
    names: list[str] = []
    for node in ast.parse(module.read_bytes()).body:
        targets: Iterable[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = (node.target,)
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def lines_of(module: Path) -> int:
    """Lines with code on them: no blank ones, no comments, no docstrings."""
    with module.open("rb") as source:
        lines = {
            number
            for token in tokenize.tokenize(source.readline)
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING)
            and token.type not in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
            for number in range(token.start[0], token.end[0] + 1)
        }
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)
