"""`manage.py consume` as its own process: all groups, ready when assigned, gone cleanly when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from analytics.models import AuditEntry, OrderFact
from messaging.consuming.group import all_groups, get_group
from messaging.consuming.lag import lag, total_lag
from tests.messaging.streams import Record, a_key, make_topic, produce
from tests.system import ROOT, child_environment
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def test_all_groups_run_in_one_process_and_end_with_sigterm(tmp_path: Path) -> None:
    make_topic(*{topic for group in all_groups() for topic in group.topics})
    ready = tmp_path / "ready"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "consume", "--json"],
        cwd=ROOT,
        env=child_environment() | {"FORKROAD_READY_FILE": str(ready)},
        stdout=subprocess.PIPE,
    )
    try:
        wait_for(ready.exists, within=40, what="the ready file")
        produce([Record(a_key()) for _ in range(10)])
        wait_for(lambda: OrderFact.objects.count() == AuditEntry.objects.count() == 10, within=30, what="10 events")
        wait_for(lambda: not any(total_lag(group) for group in all_groups()), within=30, what="no group to lag")
        assert sum(one.end or 0 for one in lag(get_group("metrics"))) == 10
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    events = {name: counts["events"] for name, counts in json.loads(out).items()}
    assert set(events) == {group.name for group in all_groups()}
    assert (events["metrics"], events["audit"], events["recommendations"]) == (10, 10, 10)


def test_an_unknown_group_is_named_with_those_there_are() -> None:
    with pytest.raises(CommandError, match="no consumer group 'metric': there are audit, behaviour, "):
        call_command("consume", "metric")


def test_a_consumer_process_knows_every_event_type_whoever_else_imports_it() -> None:
    """A type that is not loaded is passed over in silence, so a process of its own is asked, not this one."""
    script = (
        "import django; django.setup()\n"
        "from messaging.consuming.group import all_groups\n"
        "from messaging.envelope import registered_types\n"
        "all_groups(); print(len(registered_types()))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=child_environment(), capture_output=True, text=True, check=True
    )
    assert int(out.stdout) == len(list((ROOT / "tests/messaging/golden").glob("*.json")))
