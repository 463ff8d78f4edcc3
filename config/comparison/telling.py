"""Results on a terminal, one below the other as they come, and above all which one is played now."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import IO, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from messaging.comparison.notes import Result


class Teller:
    """`quiet` prints nothing but the line of progress, and that only on a terminal's error output."""

    def __init__(self, statements: Sequence[str], *, out: object, quiet: bool) -> None:
        self.statements = statements
        self.quiet = quiet
        self.done = 0
        # Django's wrapper of a stream is one in all but name.
        stream = sys.stderr if quiet else cast(IO[str], out)
        self.console = Console(file=stream, highlight=False, width=None if stream.isatty() else 120)
        self.status = self.console.status(self._line())

    def __enter__(self) -> Teller:
        if self.console.is_terminal:
            self.status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.status.stop()

    def tell(self, result: Result) -> None:
        """Print a result, and go on to the next."""
        self.done += 1
        self.status.update(self._line())
        if self.quiet:
            return
        word = "[green]shown    [/]" if result.shown else "[red]NOT SHOWN[/]"
        self._say(f"{word} [bold]{result.name}[/]: {escape(result.statement)} ({result.seconds:.1f} s)")
        for text in result.notes.did:
            self._say(f"          tried: {escape(text)}")
        for one in result.notes.seen:
            mark = "" if one.held else "[red]otherwise than stated:[/] "
            self._say(f"          {one.road:6} {mark}{escape(one.text)}")
        for table in result.notes.tables:
            grid = Grid(title=table.title, title_justify="left", box=None, pad_edge=False)
            for place, column in enumerate(table.columns):
                grid.add_column(column, justify="left" if place == 0 else "right")
            for row in table.rows:
                grid.add_row(*(f"{cell:,}" if isinstance(cell, int) else escape(str(cell)) for cell in row))
            self.console.print(grid)
        for text in result.notes.builds:
            self._say(f"          to build: {escape(text)}")
        for text in result.notes.limits:
            self._say(f"          not here: {escape(text)}")
        for source in result.notes.sources:
            self._say(f"          read: {escape(source.fact)} ({escape(source.document)}, {source.read})")
        if result.failed:
            self._say(f"          [red]{escape(result.failed)}[/]")

    def _say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)

    def _line(self) -> str:
        if self.done >= len(self.statements):
            return "cleaning up"
        return f"{self.done + 1} of {len(self.statements)}: {self.statements[self.done]}"
