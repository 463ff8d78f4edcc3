"""Rows 14 and 17: PostgreSQL stops in the middle of everything, or cannot write any more, and comes back.

The whole system runs, and a customer orders over HTTP all the while. What was answered with success must be there
afterwards, and come to its end; whoever could not be served must have been told so.
"""

from __future__ import annotations

import errno
import os
import pwd
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection

from config.embedded import paths
from config.embedded.postgres import Postgres
from config.embedded.stack import Stack
from orders.models import Order
from tests.system import running
from tests.waiting import wait_for

from .ordering import Customer, ordering
from .outcome import await_drained, await_ended
from .people import Town
from .processes import let_pass
from .promises import assert_kept
from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

PARTS = ("web", "relay", "consume", "sweep", "payments", "worker")
#: On a busy machine a command must not meet the hard limit of the testing profile.
LIMITS = {"FORKROAD_TASK_LIMIT_SECONDS": "4"}
#: Seconds from the database's return to the next order that is accepted.
BACK = 15.0
#: Bytes of the disk that is filled: an empty database of this project is some 30 MB.
DISK = "160m"


class Patient(Town):
    """Its people put down what they cannot do while the database is away, and try again."""

    def _look_round(self) -> None:
        try:
            super()._look_round()
        except (OperationalError, InterfaceError):
            connection.close()


def await_accepted(customer: Customer, more: int, *, within: float) -> None:
    wanted = len(customer.accepted) + more
    wait_for(lambda: len(customer.accepted) >= wanted, within=within, what=f"{more} accepted orders")


def await_refused(customer: Customer) -> None:
    before = len(customer.refused)
    wait_for(lambda: len(customer.refused) > before, within=60, what="an order that cannot be taken")


def go_through(
    fault: Row, trials: Iterator[random.Random], tmp_path: Path, *, name: str, outage: Callable[[Customer], None]
) -> None:
    """Have the city live through an outage a trial, each of which ends with the database back; then judge all of it."""
    slowest = 0.0
    with running(*PARTS, env=LIMITS) as system, Patient(riders=4, capacity=3), ordering(system.url) as customer:
        for chance in trials:
            await_accepted(customer, 3, within=60)
            let_pass(chance.uniform(0, 1))
            outage(customer)
            back = time.monotonic()
            connection.close()
            await_accepted(customer, 1, within=BACK)
            slowest = max(slowest, time.monotonic() - back)
        customer.stop.set()
        await_ended(list(Order.objects.all()), within=90)
        await_drained(within=30)
        assert [answer for answer in customer.refused if not answer.startswith(("500", "503"))] == []
        assert_kept(within=90, accepted=customer.write(tmp_path / "accepted"))
    fault.measures[f"{name}: next order accepted"] = f"{slowest:.1f} s after it was back"
    fault.measures[f"{name}: told that it could not be served"] = f"{len(customer.refused)} of {_all(customer)}"


def _all(customer: Customer) -> int:
    return len(customer.refused) + len(customer.accepted)


def stop_at_once(postgres: Postgres) -> None:
    """What `pg_ctl stop -m immediate` does: no checkpoint, no good-bye."""
    os.kill(postgres.pid, signal.SIGQUIT)
    wait_for(lambda: not postgres.alive(), within=20, what="PostgreSQL to be gone")


@pytest.mark.fault(14, "PostgreSQL is stopped immediately under load, and started again")
def test_row_14_the_database_stops_and_comes_back(fault: Row, stack: Stack, tmp_path: Path) -> None:
    def outage(customer: Customer) -> None:
        stop_at_once(stack.postgres)
        await_refused(customer)
        stack.postgres.start()

    go_through(fault, fault.run(short=1, full=10), tmp_path, name="stopped", outage=outage)


def write_no_more(postgres: Postgres) -> None:
    """None of the server's processes, present and future, can make a file longer or write into it.

    Asked for as the account they run as: root may be kept from changing the limits of another's processes.
    """
    account = pwd.getpwnam(postgres.user) if postgres.user else None
    server = psutil.Process(postgres.pid)
    for process in (server, *server.children(recursive=True)):
        done = subprocess.run(
            ["prlimit", f"--pid={process.pid}", "--fsize=0:"],
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 or not psutil.pid_exists(process.pid), done.stderr


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="util-linux's prlimit takes its right to write")
@pytest.mark.fault(17, "PostgreSQL cannot write its log (WAL): it gives up, and is started again when there is room")
def test_row_17_no_room_for_the_servers_log(fault: Row, stack: Stack, tmp_path: Path) -> None:
    def outage(customer: Customer) -> None:
        write_no_more(stack.postgres)
        # A commit that cannot be written ends the server; so does the recovery that it then tries.
        wait_for(lambda: not stack.postgres.alive(), within=60, what="PostgreSQL to give up")
        await_refused(customer)
        stack.postgres.start()

    go_through(fault, fault.run(short=1, full=5), tmp_path, name="no room for WAL", outage=outage)


def as_superuser(stack: Stack, *statements: str) -> None:
    with psycopg.connect(stack.postgres.url("postgres"), autocommit=True) as session:
        for statement in statements:
            session.execute(statement.encode())


@pytest.fixture
def small_disk(stack: Stack) -> Iterator[Path]:
    """A file system of DISK that the test's database lies on; what is put into the folder fills it."""
    if not paths.is_root():
        pytest.skip("a small file system is mounted for it, which only root may do")
    folder = Path(tempfile.mkdtemp(dir=paths.shared_data(), prefix="small-"))
    owner = pwd.getpwnam(paths.SERVER_USER)
    options = f"size={DISK},mode=0700,uid={owner.pw_uid},gid={owner.pw_gid}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", folder], capture_output=True, text=True)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    (folder / "space").mkdir()
    os.chown(folder / "space", owner.pw_uid, owner.pw_gid)
    name = f'"{connection.settings_dict["NAME"]}"'
    connection.close()
    try:
        as_superuser(
            stack,
            f"CREATE TABLESPACE small LOCATION '{folder / 'space'}'",
            f"ALTER DATABASE {name} SET TABLESPACE small",
        )
        yield folder
    finally:
        (folder / "ballast").unlink(missing_ok=True)
        connection.close()
        as_superuser(stack, f"ALTER DATABASE {name} SET TABLESPACE pg_default", "DROP TABLESPACE small")
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def fill(ballast: Path) -> bool:
    """Leave not a page of the disk."""
    with ballast.open("ab", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                continue
        except OSError as error:
            return error.errno == errno.ENOSPC
    return True


@pytest.mark.fault(17, "the disk of PostgreSQL's tables is full for a while")
def test_row_17_no_room_for_tables(fault: Row, stack: Stack, small_disk: Path, tmp_path: Path) -> None:
    def outage(customer: Customer) -> None:
        ballast = small_disk / "ballast"
        before = len(customer.refused)
        # What there is of pages is used up first, and now and then one is freed again.
        wait_for(lambda: fill(ballast) and len(customer.refused) > before, within=60, what="an order refused")
        ballast.unlink()

    go_through(fault, fault.run(short=1, full=5), tmp_path, name="no room for tables", outage=outage)
