"""The doctor finds what is wrong and says what to do; what it cannot check it says it did not."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from config.doctor.report import Check, Fault, perform
from config.doctor.running import RUNNING
from config.doctor.secret import PUBLIC_KEYS, SECRET
from config.embedded import paths

NOWHERE = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "SQS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
}


def doctor(env: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"], env=env, capture_output=True, text=True, cwd=paths.CHECKOUT
    )
    return result.returncode, json.loads(result.stdout)


def test_a_fault_carries_its_fix() -> None:
    def run() -> str:
        raise Fault("1 GiB free", fix="Free 2 GiB.")

    result = perform(Check("disk", run, ""))
    assert (result.state, result.found, result.fix) == ("failed", "1 GiB free", "Free 2 GiB.")


def test_an_error_nobody_foresaw_is_a_failure_with_the_checks_own_fix() -> None:
    result = perform(Check("disk", lambda: str(1 // 0), "Look there."))
    assert (result.state, result.fix) == ("failed", "Look there.")
    assert result.found.startswith("ZeroDivisionError")


@pytest.mark.django_db
@pytest.mark.parametrize("check", RUNNING, ids=lambda check: check.name)
def test_each_check_of_the_running_system_passes_on_it(check: Check) -> None:
    result = perform(check)
    assert (result.state, result.fix) == ("ok", ""), result.found


def test_without_a_system_its_checks_are_skipped_and_said_to_be(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    code, answer = doctor(env | NOWHERE | {"FORKROAD_HOME": str(tmp_path)})
    states = {check["name"]: check["state"] for check in answer["checks"]}
    assert {states[check.name] for check in RUNNING} == {"skipped"}
    assert {check["found"] for check in answer["checks"] if check["state"] == "skipped"} == {"no stack is up"}
    assert code == 0, answer


def test_a_system_that_was_named_and_does_not_answer_fails_with_fixes(tmp_path: Path) -> None:
    code, answer = doctor(
        {**os.environ, **NOWHERE, "DATABASE_URL": "postgres://a:b@127.0.0.1:1/c", "FORKROAD_HOME": str(tmp_path)}
    )
    failed = [check for check in answer["checks"] if check["state"] == "failed"]
    assert [check["name"] for check in failed] == [check.name for check in RUNNING]
    assert all(check["fix"] for check in failed)
    assert (code, answer["ok"]) == (1, False)


@pytest.mark.parametrize("key", sorted(PUBLIC_KEYS))
def test_a_key_that_everybody_knows_is_for_one_machine_alone(settings: Settings, key: str) -> None:
    # given: a system that only this machine reaches
    settings.SECRET_KEY, settings.DEMO, settings.ALLOWED_HOSTS = key, False, ["127.0.0.1", "localhost"]
    assert perform(SECRET).state == "ok"
    # when: others reach it
    settings.ALLOWED_HOSTS = ["shop.example"]
    # then
    result = perform(SECRET)
    assert (result.state, "shop.example" in result.found, "SECRET_KEY" in result.fix) == ("failed", True, True)
    assert "forkroad.E001" in {found.id for found in run_checks(include_deployment_checks=True)}
    # when: it has a key of its own
    settings.SECRET_KEY = "k" * 60
    assert perform(SECRET).state == "ok"
    assert "forkroad.E001" not in {found.id for found in run_checks(include_deployment_checks=True)}
