"""`manage.py erase`: forget a customer."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.erasing import CannotErase, erase
from accounts.models import User


class Command(BaseCommand):
    help = "Erase a customer's names, contacts and addresses for good. Orders, ledger and audit stay, under a number."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = erase(User.objects.get(username=options["username"]))
        except User.DoesNotExist:
            raise CommandError(f"there is no account {options['username']!r}") from None
        except CannotErase as error:
            raise CommandError(f"nothing was erased: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps({"account": user.pk, "username": user.username}))
        else:
            self.stdout.write(f"account {user.pk} is now {user.username}")
