"""What the machine must offer before anything is started."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from config.embedded import maven, paths
from config.embedded.java import java_home
from config.embedded.ports import HOST, choose_port, is_free
from config.embedded.stack import PREFERRED_PORTS

from .report import Check, Fault

#: The wheels of PostgreSQL, the Java runtime and pycurl are built against this C library.
OLDEST_GLIBC = (2, 28)
GIB = 2**30


def python() -> str:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < (3, 11):  # noqa: UP036 — a doctor must not trust what the installer should have refused
        raise Fault(found, fix="Install Python 3.11 or newer, then: make clean demo PYTHON=/path/to/python3")
    return found


def system() -> str:
    found = f"{platform.system()} {platform.machine()}"
    if platform.system() not in ("Linux", "Darwin"):
        raise Fault(found, fix="Use Linux or macOS; on Windows, WSL 2 with Ubuntu.")
    if platform.machine().lower() not in ("x86_64", "amd64", "arm64", "aarch64"):
        raise Fault(found, fix="The servers' packages exist for x86-64 and ARM64 only: use such a machine.")
    if platform.system() == "Linux":
        library, version = platform.libc_ver()
        numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        found += f", {library or 'no glibc'} {version}".rstrip()
        if library != "glibc" or numbers < OLDEST_GLIBC:
            raise Fault(found, fix="glibc 2.28 or newer is needed (Debian 10, Ubuntu 20.04, RHEL 8); Alpine has none.")
    return found


def disk() -> str:
    places = [paths.home(), paths.cache(), *([paths.shared_data()] if paths.is_root() else [])]
    free = {place: shutil.disk_usage(existing(place)).free for place in places}
    for place, size in free.items():
        if size < 2 * GIB:
            raise Fault(
                f"{size / GIB:.1f} GiB free for {place}",
                fix="Free 2 GiB there, or name other folders in FORKROAD_HOME, FORKROAD_CACHE and FORKROAD_DATA.",
            )
    return f"{min(free.values()) / GIB:.0f} GiB free"


def existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def memory() -> str:
    available = psutil.virtual_memory().available
    # In a container the machine's memory is not ours to count on.
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            root = Path("/sys/fs/cgroup")
            available = min(available, int((root / limit).read_text()) - int((root / used).read_text()))
        except (OSError, ValueError):
            continue
    found = f"{available / GIB:.1f} GiB available"
    if available < 2 * GIB and not any(taken_ports()):
        raise Fault(found, fix="The whole system takes up to 2 GiB: end other programs, or give the container more.")
    return found


def taken_ports() -> list[int]:
    return [port for port in (*PREFERRED_PORTS.values(), 8000) if not is_free(port)]


def ports() -> str:
    try:
        choose_port()
    except OSError as error:
        raise Fault(str(error), fix=f"Allow programs to listen on {HOST}, the loopback address.") from error
    taken = taken_ports()
    return f"taken: {', '.join(map(str, taken))} (by a running demo, or others are chosen)" if taken else "all free"


def java() -> str:
    result = subprocess.run([java_home() / "bin" / "java", "-version"], capture_output=True, text=True, timeout=30)
    if result.returncode != 0:
        raise Fault(result.stderr.strip()[:200], fix="Install the pinned packages anew: make clean demo")
    missing = maven.missing()
    jars = f"{missing} jars to be fetched at the first start" if missing else "all jars in the cache"
    return f"{result.stderr.splitlines()[0]}; {jars}"


MACHINE = [
    Check("python", python, ""),
    Check("platform", system, ""),
    Check("disk", disk, "Name folders that exist in FORKROAD_HOME and FORKROAD_CACHE."),
    Check("memory", memory, ""),
    Check("ports", ports, ""),
    Check("java", java, "The Java runtime comes with requirements/demo.txt: make demo installs it."),
]
