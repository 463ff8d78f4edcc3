"""What can go wrong while the embedded servers start, said so that the reader knows what to do."""

from pathlib import Path


class EmbeddedError(Exception):
    """The embedded stack cannot do what it was asked; the message says why and what to do."""


class ChecksumMismatch(EmbeddedError):
    """A jar is not the one that was pinned."""


class NotReady(EmbeddedError):
    """A process ended or stayed silent before it was ready. Carries the log's path and its last lines."""

    def __init__(self, name: str, *, why: str, log: Path, lines: int = 20) -> None:
        self.name = name
        self.log = log
        tail = last_lines(log, lines=lines)
        shown = "\n".join(f"  | {line}" for line in tail) or "  | (empty)"
        super().__init__(f"{name} {why}. Its log is {log}; the last lines:\n{shown}")


def last_lines(log: Path, *, lines: int) -> list[str]:
    """The end of a log file, at most 64 KiB of it; empty when there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 65536))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []
