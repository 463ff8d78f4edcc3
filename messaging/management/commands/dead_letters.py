from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.deadletters import AlreadySettled, CannotRedrive, discard, drain_dead_letter_queues, redrive
from messaging.models import DeadLetter


class Command(BaseCommand):
    help = "Messages of both roads that could not be handled: look at them, send them again, set them aside."

    def add_arguments(self, parser: CommandParser) -> None:
        # On each subcommand too, so that it may stand where one would type it.
        parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, text: str) -> CommandParser:
            made = actions.add_parser(name, help=text)
            made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON on standard output")
            return made

        listing = action("list", "newest first")
        listing.add_argument("--state", choices=[*DeadLetter.State.values, "all"], default="open")
        listing.add_argument("--road", choices=["kafka", "sqs"])
        listing.add_argument("--limit", type=int, default=50)
        action("show", "everything about one").add_argument("id", type=int)
        for name, text in (("redrive", "send again, each once"), ("discard", "set aside for good")):
            settling = action(name, text)
            settling.add_argument("ids", type=int, nargs="*", metavar="id")
            settling.add_argument("--all", action="store_true", help="every open one")
            settling.add_argument("--road", choices=["kafka", "sqs"], help="with --all: of this road only")
        action("drain", "fetch now what lies in SQS's dead-letter queues (the sweeper does it too)")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        letters = DeadLetter.objects.order_by("-id")
        if options["state"] != "all":
            letters = letters.filter(state=options["state"])
        if options["road"]:
            letters = letters.filter(road=options["road"])
        chosen = list(letters[: options["limit"]])
        lines = [
            f"{letter.pk:6} {letter.state:10} {letter.road:6} {letter.source} {letter.type or '-'}"
            f" {letter.key or '-'}: {letter.error.splitlines()[0][:100] if letter.error else ''}"
            for letter in chosen
        ]
        self._say(options, [as_json(letter) for letter in chosen], lines or ["no dead letters"])

    def _show(self, options: dict[str, Any]) -> None:
        letter = self._get(options["id"])
        shown = as_json(letter) | {
            "headers": letter.headers,
            "body": bytes(letter.body or b"").decode("utf-8", "replace"),
            "stack": letter.stack,
        }
        self._say(options, shown, [f"{name}: {value}" for name, value in shown.items()])

    def _redrive(self, options: dict[str, Any]) -> None:
        self._settle(options, redrive, "redriven")

    def _discard(self, options: dict[str, Any]) -> None:
        self._settle(options, discard, "discarded")

    def _drain(self, options: dict[str, Any]) -> None:
        new = drain_dead_letter_queues()
        self._say(options, {"new": new}, [f"{new} new dead letters"])

    def _settle(self, options: dict[str, Any], settle: Any, done: str) -> None:
        letters = [self._get(pk) for pk in options["ids"]]
        if options["all"]:
            roads = [options["road"]] if options["road"] else ["kafka", "sqs"]
            letters += DeadLetter.objects.filter(state=DeadLetter.State.OPEN, road__in=roads).order_by("id")
        if not letters and not options["all"]:
            raise CommandError("name the dead letters by their ids (`dead_letters list`), or use --all")
        results = []
        for letter in letters:
            try:
                settle(letter)
                results.append({"id": letter.pk, "ok": True, "error": ""})
            except (AlreadySettled, CannotRedrive) as error:
                results.append({"id": letter.pk, "ok": False, "error": str(error)})
        lines = [f"{result['id']}: {done if result['ok'] else result['error']}" for result in results]
        self._say(options, results, lines or ["no open dead letters"])
        if not all(result["ok"] for result in results):
            raise SystemExit(1)

    def _get(self, pk: int) -> DeadLetter:
        try:
            return DeadLetter.objects.get(pk=pk)
        except DeadLetter.DoesNotExist:
            raise CommandError(f"no dead letter has the id {pk}: `dead_letters list --state all` shows them") from None

    def _say(self, options: dict[str, Any], value: Any, lines: list[str]) -> None:
        self.stdout.write(json.dumps(value) if options["json"] else "\n".join(lines))


def as_json(letter: DeadLetter) -> dict[str, Any]:
    """What identifies a dead letter and says why it is one."""
    return {
        "id": letter.pk,
        "state": letter.state,
        "road": letter.road,
        "source": letter.source,
        "group": letter.group,
        "partition": letter.partition,
        "offset": letter.offset,
        "message_id": letter.message_id,
        "type": letter.type,
        "key": letter.key,
        "receive_count": letter.receive_count,
        "error": letter.error,
        "arrived_at": letter.arrived_at.isoformat(),
        "settled_at": letter.settled_at.isoformat() if letter.settled_at else None,
    }
