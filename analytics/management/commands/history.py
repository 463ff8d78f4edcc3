"""`manage.py history`: answers from old events, and their export."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from analytics.dashboard.scope import Scope
from analytics.dashboard.selectors import latest
from analytics.history import export, questions
from analytics.history.questions import HOUR, Outcome, Window
from analytics.history.rules import Promise
from messaging.consuming.replay import CannotReplay
from messaging.kafka import Unreachable
from messaging.management.commands.replay import moment


class Command(BaseCommand):
    help = (
        "Ask old events. hour: what did a time look like, beside the same a week and four weeks before. rule: how would"
        " orders look under another promise, or another warning. export: a topic as Parquet files. Times are the"
        " events' own (city time). The stream is read again into a scratch model; the live groups are not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        queries = parser.add_subparsers(dest="query", metavar="QUERY", required=True)
        hour = queries.add_parser("hour", help="what did this hour look like a week, and four weeks, ago")
        _window(hour, "the hour of the latest order; with --to a window of any length")
        rule = queries.add_parser("rule", help="how would the orders of a time look under another rule")
        _window(rule, "the day before the latest order")
        rule.add_argument("--promise", type=float, metavar="MIN", help="the door within so many minutes of the click")
        rule.add_argument("--after-ready", type=float, metavar="MIN", help="or so long after the kitchen's own promise")
        rule.add_argument("--at-risk", type=float, metavar="MIN", help="an order open for so long is at risk")
        files = queries.add_parser("export", help="a topic's events as Parquet files")
        files.add_argument("--topic", default="orders.events", help="default: orders.events")
        files.add_argument("--from", dest="since", type=moment, metavar="TIME", help="only events from this time on")
        files.add_argument("--to", dest="until", type=moment, metavar="TIME", help="only events before this time")
        files.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty folder, made if need be")
        files.add_argument("--json", action="store_true", help="print the outcome as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        answers: dict[str, Callable[[dict[str, Any]], None]] = {
            "hour": self.hour,
            "rule": self.rule,
            "export": self.export,
        }
        try:
            answers[options["query"]](options)
        except (CannotReplay, Unreachable, LookupError, export.NotEmpty) as error:
            raise CommandError(str(error)) from error

    def hour(self, options: dict[str, Any]) -> None:
        since, until = times(options, HOUR, whole_hour=True)
        windows = questions.hours(since, length=until - since, scope=_scope(options))
        if options["json"]:
            self._dump({"query": "hour", "windows": [asdict(window) for window in windows]})
            return
        self._table(["", *(f"{window.since:%a %d %b %H:%M}" for window in windows)], _figures(windows))

    def rule(self, options: dict[str, Any]) -> None:
        since, until = times(options, timedelta(days=1))
        usual = Promise()
        other = Promise(
            within=usual.within if options["promise"] is None else options["promise"],
            after_ready=options["after_ready"],
            at_risk=usual.at_risk if options["at_risk"] is None else options["at_risk"],
        )
        outcomes = questions.rules(since, until, [usual, other], scope=_scope(options))
        if options["json"]:
            told = [asdict(one) | {"kept_share": one.kept_share} for one in outcomes]
            self._dump({"query": "rule", "from": since, "to": until, "outcomes": told})
            return
        self.stdout.write(f"orders placed from {since:%d %b %H:%M} to {until:%d %b %H:%M}")
        self._table(["", *(str(one.rule) for one in outcomes)], _verdicts(outcomes))

    def export(self, options: dict[str, Any]) -> None:
        done = export.export(options["topic"], out=options["out"], since=options["since"], until=options["until"])
        if options["json"]:
            self._dump({"query": "export", "topic": done.topic, "rows": done.rows, "files": list(map(str, done.files))})
            return
        self.stdout.write(f"{done.rows} events of {done.topic} in {len(done.files)} files under {options['out']}")
        self.stdout.write(f"SELECT type, count(*) FROM '{options['out']}/*.parquet' GROUP BY ALL;  -- with duckdb")

    def _dump(self, answer: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(answer, cls=DjangoJSONEncoder))

    def _table(self, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
        widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
        for line in (head, *lines):
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _window(parser: ArgumentParser, default: str) -> None:
    parser.add_argument("--from", dest="since", type=moment, metavar="TIME", help=f"begin (default: {default})")
    parser.add_argument("--to", dest="until", type=moment, metavar="TIME", help="end, not in it")
    parser.add_argument("--zone", default="", help="of one zone only")
    parser.add_argument("--restaurant", type=int, default=0, metavar="ID", help="of one restaurant only")
    parser.add_argument("--json", action="store_true", help="print the answer as one line of JSON")


def times(options: dict[str, Any], length: timedelta, *, whole_hour: bool = False) -> tuple[datetime, datetime]:
    """The window asked for; without a begin, the last one that holds orders."""
    since: datetime | None = options["since"]
    until: datetime | None = options["until"]
    if since is None and until is None:
        orders = latest(limit=1)
        if not orders:
            raise CommandError("no order is known yet: say --from, or let `manage.py consume dashboard` read first")
        placed = orders[0].placed_at
        since = placed.replace(minute=0, second=0, microsecond=0) if whole_hour else placed - length
    if since is None:
        assert until is not None
        since = until - length
    until = until or since + length
    if until <= since:
        raise CommandError("--to must be later than --from")
    return since, until


def _scope(options: dict[str, Any]) -> Scope:
    return Scope(zone=options["zone"], restaurant=options["restaurant"])


def _figures(windows: Sequence[Window]) -> list[list[str]]:
    lines: tuple[tuple[str, Callable[[Window], str]], ...] = (
        ("orders placed", lambda one: str(one.placed)),
        ("delivered", lambda one: str(one.delivered)),
        ("ended early", lambda one: str(one.ended_early)),
        ("still open", lambda one: str(one.open)),
        ("revenue", lambda one: f"{one.revenue / 100:,.2f}"),
        ("click to door, median and p90, min", lambda one: _pair(one.click_to_door, one.click_to_door_p90)),
        ("ready to pickup, median and p90, min", lambda one: _pair(one.ready_to_pickup, one.ready_to_pickup_p90)),
        ("why ended early", lambda one: ", ".join(f"{reason} {n}" for reason, n in one.reasons.items()) or "–"),
    )
    return [[name, *(tell(one) for one in windows)] for name, tell in lines]


def _verdicts(outcomes: Sequence[Outcome]) -> list[list[str]]:
    lines: tuple[tuple[str, Callable[[Outcome], str]], ...] = (
        ("orders", lambda one: str(one.orders)),
        ("delivered", lambda one: str(one.delivered)),
        ("promise kept", lambda one: f"{one.kept}" + ("" if one.kept_share is None else f" ({one.kept_share:.1%})")),
        ("late", lambda one: str(one.late)),
        ("called at risk", lambda one: str(one.flagged)),
        ("of those late", lambda one: str(one.flagged_late)),
        ("late, and called before it was", lambda one: str(one.warned)),
    )
    return [[name, *(tell(one) for one in outcomes)] for name, tell in lines]


def _pair(median: float | None, p90: float | None) -> str:
    return "–" if median is None or p90 is None else f"{median / 60:.1f} {p90 / 60:.1f}"
