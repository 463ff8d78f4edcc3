"""What the demo prints: a line per step, the table of addresses and accounts, the summary."""

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from .parts import Options, Part
from .ports import HOST
from .stack import Stack

#: Who may sign in, and what is worth trying as that person. The restaurant and the courier are the first of their kind.
ACCOUNTS = [
    ("customer", "alice", "order something and watch it arrive"),
    ("restaurant", "r-%", "accept an order, mark it ready"),
    ("courier", "c-%", "go online, take an offer, deliver it"),
    ("operator", "operator", "live numbers, one order's whole story, the admin"),
]

STYLE: dict[str, Any] = {"title_justify": "left", "title_style": "bold", "show_header": False, "box": None}


class Display:
    """Progress goes to standard output for people, to standard error when standard output is one JSON object."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self.begun = time.monotonic()

    def say(self, name: str, text: str) -> None:
        self.console.print(f"{time.monotonic() - self.begun:6.1f} s  {name:<16} {text}", markup=False)

    def welcome(self, stack: Stack, options: Options, *, left_out: list[Part], memory: Mapping[str, int]) -> None:
        places = Table(title="Addresses", **STYLE)
        for name, address in {
            "pages": options.url,
            "API": f"{options.url}/api/docs",
            "admin": f"{options.url}/admin/",
            "PostgreSQL": f"{HOST}:{stack.postgres.port}",
            "Kafka": stack.kafka.bootstrap_servers(),
            "SQS": stack.sqs.url(),
            "settings": str(stack.home / "run.env"),
            "logs": str(stack.home / "logs"),
        }.items():
            places.add_row(name, address)
        accounts = Table(title="Accounts (password: forkroad)", **STYLE)
        for role, login, what in ACCOUNTS:
            accounts.add_row(role, first_login(stack, login), what)
        for table in (places, accounts):
            self.console.print(table)
        total = sum(memory.values()) / 2**20
        largest = ", ".join(f"{name} {size / 2**20:.0f}" for name, size in memory.items())
        self.console.print(f"Memory: {total:.0f} MiB in all ({largest})", markup=False)
        for part in left_out:
            self.console.print(f"Left out: {part.name}. By hand: {' '.join(part.argv)}", markup=False)
        self.console.print("Ctrl-C ends everything; data stays for the next start.")

    def summary(self, summary: Mapping[str, Any]) -> None:
        if self.as_json:
            print(json.dumps(summary, default=str))
            sys.stdout.flush()
            return
        table = Table(title="Summary", **STYLE)
        checks = summary["verify"].get("checks", [])
        for name, value in flatten({key: part for key, part in summary.items() if key != "verify"}):
            table.add_row(name, value)
        table.add_row("promises", f"{sum(check['kept'] for check in checks)} of {len(checks)} checks kept")
        self.console.print(table)
        for check in checks:
            if not check["kept"]:
                self.console.print(
                    f"BROKEN {check['promise']} ({check['check']}, {check['violations']} times):", markup=False
                )
                for example in check["examples"][:5]:
                    self.console.print(f"  {example['subject']} {example['detail']}", markup=False)


def first_login(stack: Stack, pattern: str) -> str:
    """The first user name of that pattern; the pattern itself while it cannot be asked."""
    if "%" not in pattern:
        return pattern
    with (
        contextlib.suppress(psycopg.Error),
        psycopg.connect(stack.postgres.url(), connect_timeout=2) as connection,
    ):
        query = "select username from accounts_user where username like %s order by 1 limit 1"
        if row := connection.execute(query, [pattern]).fetchone():
            return str(row[0])
    return pattern.replace("%", "…")


def flatten(value: Any, name: str = "") -> list[tuple[str, str]]:
    """A nested object as rows, the inner names after the outer one; empty ones are left out."""
    if isinstance(value, Mapping):
        rows = [flatten(inner, f"{name} {key}".strip()) for key, inner in value.items()]
        return [row for part in rows for row in part]
    return [] if value is None else [(name.replace("_", " "), str(value))]
