"""The jars of Kafka and ElasticMQ: pinned in `maven.toml`, fetched once by jgo, verified at every start."""

import contextlib
import fcntl
import hashlib
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import paths
from .errors import ChecksumMismatch, EmbeddedError

ATTEMPTS = 3
PINS = Path(__file__).with_name("maven.toml")


@dataclass(frozen=True)
class Program:
    """A Java program: its main coordinates, and every jar it needs as `group:artifact:version[:classifier]`."""

    name: str
    coordinates: list[str]
    jars: dict[str, str]


def load_program(name: str, *, pins: Path = PINS) -> Program:
    section = tomllib.loads(pins.read_text())[name]
    return Program(name=name, coordinates=section["coordinates"], jars=section["jars"])


def missing(pins: Path = PINS) -> int:
    """How many jars a start would have to fetch."""
    programs = [load_program(name, pins=pins) for name in tomllib.loads(pins.read_text())]
    return sum(not local_path(jar).is_file() for jar in {jar for program in programs for jar in program.jars})


def repository() -> Path:
    """A Maven repository of our own, so that `make clean` can remove what we fetched and nothing else."""
    return paths.cache() / "maven"


def classpath(program: Program) -> list[Path]:
    """Every jar of the program, verified. Fetches what is missing, eight at a time.

    Raises ChecksumMismatch when a jar differs from its pin even after it was fetched again, EmbeddedError when it
    cannot be fetched.
    """
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda jar: verified(*jar), program.jars.items()))


def verified(jar: str, sha256: str) -> Path:
    path = local_path(jar)
    if path.is_file() and digest(path) == sha256:
        return path
    with fetching(path):
        # Another server's start may have fetched it meanwhile: Kafka and ElasticMQ share jars.
        if not path.is_file() or digest(path) != sha256:
            fetch(jar)
    if (found := digest(path)) != sha256:
        path.unlink(missing_ok=True)
        raise ChecksumMismatch(
            f"{jar} is not the file that was pinned: its SHA-256 is {found}, {PINS.name} says {sha256}. It was "
            "not used. A proxy or mirror may serve another file; if the pin itself is to change, see `pin()` in "
            f"{Path(__file__).name}."
        )
    return path


@contextlib.contextmanager
def fetching(path: Path) -> Iterator[None]:
    """One fetch of a jar at a time, among threads and among processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def local_path(jar: str) -> Path:
    group, artifact, version, *classifier = jar.split(":")
    name = "-".join([artifact, version, *classifier]) + ".jar"
    return repository().joinpath(*group.split("."), artifact, version, name)


def fetch(jar: str) -> None:
    """Download the jar to its place, whole or not at all."""
    group, artifact, version, *classifier = jar.split(":")
    path = local_path(jar)
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            try:
                context = maven_context(Path(scratch))
                fetched = context.project(group, artifact).at_version(version).artifact(*classifier).resolve()
                Path(fetched).replace(path)
                return
            except Exception as error:
                # A network's hiccup comes as an OSError; a jar that is not there, as jgo's own RuntimeError.
                if isinstance(error, OSError) and attempt < ATTEMPTS:
                    time.sleep(attempt)
                    continue
                raise EmbeddedError(
                    f"{jar} is not in {repository()} and could not be fetched: {error}. The first start needs a "
                    "network with access to a Maven repository; behind a proxy, set HTTPS_PROXY."
                ) from error


def maven_context(folder: Path) -> Any:
    # Imported here: a warm start fetches nothing and need not pay for the import.
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    mirrors = GlobalSettings.load().repositories or None
    return MavenContext(repo_cache=folder, remote_repos=mirrors, timeout=60)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pin(pins: Path = PINS) -> None:
    """Resolve the coordinates anew and write every jar's checksum: `python -m config.embedded.maven` after an edit."""
    import jgo

    text = pins.read_text().split("\n[", 1)[0].rstrip() + "\n"
    for name, section in tomllib.loads(pins.read_text()).items():
        text += f"\n[{name}]\ncoordinates = {section['coordinates']!r}\n\n[{name}.jars]\n".replace("'", '"')
        for artifact in jgo.resolve("+".join(section["coordinates"])):
            parts = [artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier]
            jar = ":".join(part for part in parts if part)
            fetch(jar)
            text += f'"{jar}" = "{digest(local_path(jar))}"\n'
    pins.write_text(text)


if __name__ == "__main__":
    pin()
