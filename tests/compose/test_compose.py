"""The Compose file against what is really here: commands, settings, consumer groups, files, health checks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from messaging.consuming.group import all_groups
from messaging.names import QUEUES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if "build" in service}

#: Versions are pinned by a tag with at least a minor version in it, never `latest` or a bare major.
PINNED = re.compile(r"^[a-z0-9/.-]+:[0-9]+\.[0-9]+[0-9a-z.-]*$")


def command_of(service: dict[str, Any]) -> str:
    command = service["command"]
    return command if isinstance(command, str) else shlex.join(command)


def manage_calls() -> list[tuple[str, list[str]]]:
    """Every `python manage.py NAME …` of the file: service and words after manage.py."""
    calls = []
    for name, service in OWN.items():
        text = service.get("command", "")
        for line in (text[-1] if isinstance(text, list) else text).splitlines():
            if "manage.py" in line:
                calls.append((name, shlex.split(line.split("manage.py", 1)[1])))
    return calls


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        assert PINNED.match(service["image"]), f"{name}: {service['image']}"
    base = re.findall(r"^FROM (\S+)", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert base
    assert all(PINNED.match(image) for image in base), base


def test_whoever_is_waited_for_can_be_waited_for() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert SERVICES[needed]["healthcheck"]["test"], f"{name} waits for the health of {needed}"
            else:
                assert how["condition"] == "service_completed_successfully", f"{name} does not wait for {needed}"
                assert SERVICES[needed]["restart"] == "no", f"{needed} would never be done"


def test_every_part_but_the_setup_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"setup"}


def test_every_command_exists() -> None:
    calls = manage_calls()

    assert {"topology", "migrate", "seed", "relay", "sweep", "consume", "simulate"} == {words[0] for _, words in calls}
    for name, words in calls:
        assert words[0] in get_commands(), f"{name}: {words}"


def test_every_consumer_group_has_a_service_of_its_own() -> None:
    consumed = [words[1:] for _, words in manage_calls() if words[0] == "consume"]

    assert sorted(consumed) == sorted([group.name] for group in all_groups())


def test_every_queue_has_a_worker() -> None:
    commands = [command_of(service) for service in OWN.values() if "celery" in str(service.get("command"))]
    worked = [queue for command in commands for queue in re.findall(r"-Q (\S+)", command)[0].split(",")]

    assert sorted(worked) == sorted(set(QUEUES.values()))


def test_every_variable_is_one_that_the_code_reads() -> None:
    sources = [*(ROOT / "config").rglob("*.py"), *(ROOT / "simulator").rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources)

    for name, service in OWN.items():
        for variable in service["environment"]:
            assert f'"{variable}"' in code, f"{name}: nothing reads {variable}"


def test_addresses_name_services_of_the_file() -> None:
    environment = COMPOSE["x-environment"]
    hosts = [
        re.search(r"@([a-z]+):5432/", environment["DATABASE_URL"]),
        re.search(r"^([a-z]+):9092$", environment["KAFKA_BOOTSTRAP_SERVERS"]),
        re.search(r"^http://([a-z]+):9324$", environment["SQS_ENDPOINT_URL"]),
        re.search(r"--url http://([a-z]+):8000", command_of(SERVICES["simulator"])),
        re.search(r"^http://([a-z]+):29400$", environment["PAYMENT_GATEWAY_URL"]),
        re.search(r"--webhook http://([a-z]+):8000/payments/webhook", command_of(SERVICES["gateway"])),
    ]

    assert [match and match.group(1) for match in hosts] == ["postgres", "kafka", "sqs", "web", "gateway", "web"]
    assert "web" in environment["ALLOWED_HOSTS"].split(",")
    assert 'host = "sqs"' in (FOLDER / "elasticmq.conf").read_text()
    assert SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] == "CLIENT://kafka:9092"


def test_volumes_and_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (FOLDER / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"], volume


def test_only_this_machine_reaches_the_published_ports() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports == ["127.0.0.1:${FORKROAD_PORT:-8000}:8000", "127.0.0.1:${FORKROAD_GATEWAY_PORT:-29400}:29400"]


@pytest.mark.parametrize("room", ["accounts", "analytics", "config", "delivery", "messaging", "orders", "simulator"])
def test_the_image_holds_every_room(room: str) -> None:
    assert f"!{room}" in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    compiled = re.search(r"compileall -q (.+)", (FOLDER / "Dockerfile").read_text())
    assert compiled
    assert room in compiled.group(1).split()


def test_the_image_installs_by_hash_and_runs_without_root() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()

    assert "--require-hashes" in dockerfile
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["forkroad"]
