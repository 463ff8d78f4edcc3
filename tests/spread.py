"""How `make test` spreads the suite over the processes of pytest-xdist, each with servers of its own: a pytest plugin.

The files that wait longest go first, so that the processes end at about the same time. A file is never divided, and
the files of a GROUP go to one process, one after the other.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from config.embedded import ports

#: Whole systems, browsers and brokers of their own: two of them at once would starve each other on two cores.
GROUP = (
    "tests/browser/",
    "tests/embedded/test_demo.py",
    "tests/simulator/test_play.py",
    "tests/faults/test_three_brokers.py",
    "tests/faults/test_broker.py",
    "tests/faults/test_database.py",
)

#: Folders and files that take long, in this order; the rest follows as it was collected.
LONG = (
    "tests/faults/",
    "tests/messaging/sqs/",
    "tests/messaging/consuming/test_every_group.py",
    "tests/verify/",
    "tests/embedded/",
    "tests/scaling/",
    "tests/fanout/",
)


def controls_others(config: pytest.Config) -> bool:
    """Whether this process runs no test itself but has workers (`-n 2`) for it."""
    options = config.known_args_namespace
    given = getattr(options, "numprocesses", None) or (getattr(options, "dist", "no") != "no" and options.tx)
    return bool(given) and not worker()


def worker() -> str:
    """The worker's name, `gw0` and so on; nothing in a run of one process."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def keep_to_own_ports() -> None:
    """Choose ports from a share of this worker's own: two may else find the same one free at the same moment."""
    if worker():
        count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        # A worker that replaces one that crashed has a higher number.
        number = int(worker().removeprefix("gw")) % count
        share = (ports.HIGHEST - ports.LOWEST) // count
        ports.LOWEST += number * share
        ports.HIGHEST = ports.LOWEST + share - 1


def unit_of(nodeid: str) -> str:
    """What the test is given out together with: its file, or the group."""
    return "group" if nodeid.startswith(GROUP) else nodeid.partition("::")[0]


def place_of(nodeid: str) -> int:
    """When the test's turn is: the group first, then what is long, then the rest."""
    if nodeid.startswith(GROUP):
        return -1
    return next((place for place, path in enumerate(LONG) if nodeid.startswith(path)), len(LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Workers are given tests by their place in a list that must be the same for each.
    if worker():
        items.sort(key=lambda item: place_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Units(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    config.option.loadscopereorder = False
    return Units(config, log)
