"""`manage.py demo` and the list of what it runs."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command
from playwright.sync_api import expect

from config.embedded import paths
from config.embedded.demo import last_json
from config.embedded.faults import FAULTS, ask, read_journal
from config.embedded.parts import Options, parts, steps
from config.embedded.process import running
from config.embedded.stack import read_env
from config.embedded.supervisor import answers
from messaging.consuming.group import all_groups
from tests.browser.chromium import chromium
from tests.browser.test_order_to_door import PATIENCE
from tests.waiting import wait_for

SERVERS = {"postgres", "kafka", "sqs"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--without", "cashier"], "there is no part cashier; there are: web, "),
        (["--instance", "/nowhere"], "/nowhere is not a folder"),
        (["--speed", "0"], "--speed must be more than 0"),
        (["--city", "--instance", "."], "not allowed with argument"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("demo", *arguments)


def test_everything_needed_is_something_that_runs() -> None:
    needs = {step.name: step.needs for step in steps(Options(port=1))}
    needs |= {part.name: part.needs for part in parts(Options(port=1))}
    for name, needed in needs.items():
        assert set(needed) <= SERVERS | set(needs), name


def test_a_part_is_left_out_by_its_name_or_its_familys() -> None:
    def left(*without: str) -> set[str]:
        kept = {part.name for part in parts(Options(port=1, without=frozenset(without)))}
        return {part.name for part in parts(Options(port=1))} - kept

    assert left() == set()
    assert left("relay") == {"relay"}
    assert left("worker") == {"worker-payments", "worker-others", "worker-scaler"}
    assert left("simulate", "web") == {"simulate", "web"}


def test_an_instance_is_seeded_and_played_alike() -> None:
    options = Options(port=1, instance=Path("/data/instance"), speed=120, seed=7)
    [seed] = [step.argv for step in steps(options) if step.name == "seed"]
    [play] = [part for part in parts(options) if part.name == "simulate"]
    for argv in (seed, play.argv):
        assert " --instance /data/instance --seed 7" in " ".join(argv)
    assert play.ends
    assert seed[-2:] == ("--speed", "120")


def test_the_last_json_object_of_an_output_is_its_answer(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text('warming up\n{"n": 1}\n{"n": 2}\n')
    assert last_json(output) == {"n": 2}
    output.write_text("no json here")
    assert last_json(output) == {}
    assert last_json(tmp_path / "nothing") == {}


@contextlib.contextmanager
def demo(home: Path, *options: str, keep: bool = False) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "demo", "--port", "18000", *options]
    mine = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SQS_ENDPOINT_URL", "FORKROAD_NAMESPACE")
    env = {name: value for name, value in os.environ.items() if name not in mine} | {"FORKROAD_HOME": str(home)}
    try:
        with subprocess.Popen(
            command, env=env, cwd=paths.CHECKOUT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        if not keep:
            paths.remove_data(home)


def test_the_whole_system_comes_up_mends_itself_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with demo(home, "--no-simulator", "--json", "--for", "3600") as process:
        # given a demo whose every part is ready
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Ctrl-C"):
                break
        assert process.poll() is None
        url = read_env(home / "run.env")["FORKROAD_URL"]
        assert answers(f"{url}/healthz")
        everything = psutil.Process(process.pid).children(recursive=True)
        # when one part is killed
        noted = home / "run" / "relay.pid"
        before = json.loads(noted.read_text())["pid"]
        os.kill(before, signal.SIGKILL)
        # then it is started again, and that is said
        assert "relay" in next(process.stderr)
        assert "started again" in next(process.stderr)
        assert json.loads(noted.read_text())["pid"] != before
        # and a fault that a page asks for happens, and is over when the part works again
        ask(home, "sqs")
        assert "killed on request" in next(process.stderr)
        assert "started again" in next(process.stderr)
        assert "back after" in next(process.stderr)
        journal = read_journal(home)
        assert journal is not None and journal.under_way is None and journal.available == list(FAULTS)
        # and when the demo is ended, everything ends, and nobody is sent to servers that are gone
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert not any(running(each) for each in everything)
        assert not (home / "run.env").exists()
        assert read_journal(home) is None


@pytest.mark.browser
def test_whoever_breaks_something_sees_it_come_back(tmp_path: Path) -> None:
    with demo(tmp_path / "home", "--no-simulator", "--json", "--for", "3600") as process, chromium() as browser:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Ctrl-C"):
                break
        page = browser.new_page(base_url=read_env(tmp_path / "home" / "run.env")["FORKROAD_URL"])
        page.set_default_timeout(PATIENCE)
        # given: an operator by one click, at the switches
        page.goto("/account/login/")
        page.get_by_role("button", name="The operator").click()
        page.goto("/operator/faults")
        expect(page.get_by_text("Nothing has been broken yet.")).to_be_visible()
        # when
        page.get_by_role("button", name="Stop the relay").click()
        # then: it is said that it is away, how long it was, and when nothing waited any more, without a reload
        recovery = page.locator("#recovery")
        expect(recovery.get_by_role("heading", name="Something is broken")).to_be_visible()
        expect(recovery.get_by_text("away", exact=True)).to_be_visible()
        expect(recovery.get_by_text(re.compile(r"back after \d+\.\d s"))).to_be_visible(timeout=60_000)
        expect(recovery.get_by_text(re.compile(r"all worked off after \d+\.\d s"))).to_be_visible(timeout=60_000)
        expect(recovery.get_by_role("heading", name="The roads")).to_be_visible()
        # when: the city is to go faster → then: it does
        page.get_by_label("City seconds a second").select_option("120")
        page.get_by_role("button", name="Set the speed").click()
        expect(page.locator("#speed")).to_have_value("120")
        expect(page.locator("#messages")).not_to_be_empty()


def test_a_demo_ended_while_it_starts_ends_what_it_had_started(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with demo(home) as process:
        wait_for((home / "run" / "kafka.pid").exists, within=60, what="Kafka to be on its way")
        everything = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
        assert not any(running(each) for each in everything)


def test_an_instance_is_played_to_its_end_and_the_next_start_goes_on_from_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tiny = ("--instance", str(paths.CHECKOUT / "tests" / "instances" / "tiny"))
    with demo(home, *tiny, "--speed", "160", "--json", keep=True) as process:
        # given a city played to its end
        out, progress = process.communicate(timeout=240)
    summary = json.loads(out)
    # then the verdict is verify's, and every group has read all of it
    assert (process.returncode, summary["ok"]) == (0, True), progress[-3000:]
    assert summary["orders"] == {"placed": 12, "delivered": 12, "unfinished": 0}
    assert {check["check"] for check in summary["verify"]["checks"] if check["kept"]} >= {
        "accepted_exist",
        "accepted_orders_ended",
        "metrics_equals_history",
        "audit_rebuilds",
    }
    assert set(summary["events_per_group"]) == {group.name for group in all_groups()}
    assert summary["memory_mib"]["total"] < 2048

    # when it is started again in the same place, without its workers
    with demo(home, *tiny, "--speed", "160", "--json", "--without", "worker") as process:
        out, progress = process.communicate(timeout=240)
    # then what is left out is named, and the same twelve orders stand: nothing was placed twice
    assert progress.count("Left out: worker-") == 3
    summary = json.loads(out)
    assert (process.returncode, summary["ok"]) == (0, True), progress[-3000:]
    assert summary["orders"] == {"placed": 12, "delivered": 12, "unfinished": 0}
