"""Only the very jars that were pinned are used, and each is fetched once."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.embedded import maven
from config.embedded.errors import ChecksumMismatch, EmbeddedError

JAR = "org.example:road:1.0"
CONTENT = b"not much of a jar"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Repository(ThreadingHTTPServer):
    """A Maven repository with one jar, which counts how often it is asked for."""

    content = CONTENT

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        found = self.path.endswith("/org/example/road/1.0/road-1.0.jar")
        self.server.asked += [self.path] if found else []
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(self.server.content if found else b"")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    server = Repository()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    config = tmp_path / "jgo.conf"
    config.write_text(f"[repositories]\nlocal = http://127.0.0.1:{server.server_port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    monkeypatch.setenv("FORKROAD_CACHE", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    server.server_close()


def test_a_jar_is_fetched_once_and_verified_each_time(repository: Repository) -> None:
    first = maven.verified(JAR, SHA256)
    second = maven.verified(JAR, SHA256)
    assert first == second
    assert first.read_bytes() == CONTENT
    assert len(repository.asked) == 1


def test_two_servers_that_need_the_same_jar_at_once_fetch_it_once(repository: Repository) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: maven.verified(JAR, SHA256), range(4)))
    assert {path.read_bytes() for path in paths} == {CONTENT}
    assert len(repository.asked) == 1


def test_another_jar_than_the_pinned_one_is_refused_and_not_kept(repository: Repository) -> None:
    repository.content = b"something else"
    with pytest.raises(ChecksumMismatch, match=f"{JAR} is not the file that was pinned.*{SHA256}"):
        maven.verified(JAR, SHA256)
    assert not maven.local_path(JAR).exists()


def test_a_jar_cut_short_in_the_cache_is_fetched_again(repository: Repository) -> None:
    maven.local_path(JAR).parent.mkdir(parents=True)
    maven.local_path(JAR).write_bytes(CONTENT[:5])
    assert maven.verified(JAR, SHA256).read_bytes() == CONTENT
    assert len(repository.asked) == 1


def test_a_jar_that_cannot_be_had_is_named(repository: Repository) -> None:
    with pytest.raises(EmbeddedError, match=r"org.example:nowhere:1.0 is not in .* and could not be fetched"):
        maven.verified("org.example:nowhere:1.0", SHA256)


def test_every_pinned_jar_has_a_version_and_a_checksum() -> None:
    for name, jars in (("kafka", 45), ("sqs", 39)):
        program = maven.load_program(name)
        assert len(program.jars) == jars
        for jar, sha256 in program.jars.items():
            assert len(jar.split(":")) >= 3, jar
            assert len(bytes.fromhex(sha256)) == 32, jar
