"""Dead letters of both roads on a page: look at them, send them again, set them aside, each time with a reason.

What was done, by whom and why goes into the admin's log, where the admin's own actions on dead letters stand too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Page, Paginator
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.models import Role, User
from messaging.consuming.failures import Busy, Retry, TooManyDeadLetters
from messaging.deadletters import AlreadySettled, CannotRedrive, discard, redrive
from messaging.models import DeadLetter

#: Dead letters on one page, and bytes of a message that are shown.
PAGE, SHOWN_BYTES = 25, 4096

STATES = {"open": "Open", "redriven": "Sent again", "discarded": "Set aside", "all": "All"}

VERBS = {"redrive": redrive, "discard": discard}

#: Why nothing was changed of one: settled meanwhile, not to be mended by sending it again, or not now.
REFUSALS = (AlreadySettled, CannotRedrive, LookupError, Busy, Retry, TooManyDeadLetters, OperationalError)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did about a dead letter."""

    at: datetime
    who: str
    words: str


@for_role(Role.OPERATOR)
@require_GET
@never_cache
def dead_letters(request: HttpRequest) -> HttpResponse:
    asked = {
        name: request.GET.get(name, "").replace("\0", "").strip()[:100] for name in ("state", "road", "type", "key")
    }
    asked["state"] = asked["state"] if asked["state"] in STATES else "open"
    page: Page[DeadLetter] = Paginator(find(**asked), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "asked": asked,
        "states": STATES,
        "types": DeadLetter.objects.exclude(type="").order_by("type").values_list("type", flat=True).distinct(),
    }
    return render(request, "operator/dead_letters.html", context)


def find(*, state: str, road: str, type: str, key: str) -> QuerySet[DeadLetter]:
    """By what the page's form asks, the newest first."""
    found = DeadLetter.objects.order_by("-arrived_at", "-pk").defer("body", "stack")
    if state != "all":
        found = found.filter(state=state)
    for name, value in (("road", road), ("type", type), ("key", key)):
        if value:
            found = found.filter(**{name: value})
    return found


@for_role(Role.OPERATOR)
@require_GET
@never_cache
def dead_letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """One, with its message and what was done about it."""
    letter = get_object_or_404(DeadLetter, pk=min(letter_id, 2**63 - 1))
    body = bytes(letter.body or b"")
    context = {
        "letter": letter,
        "headers": headers_of(letter),
        "body": body[:SHOWN_BYTES].decode("utf-8", "replace"),
        "left_out": max(0, len(body) - SHOWN_BYTES),
        "deeds": deeds(letter),
    }
    return render(request, "operator/dead_letter.html", context)


@for_role(Role.OPERATOR)
@require_POST
def settle(request: HttpRequest, word: str) -> HttpResponse:
    """Redrive or discard those that are named, each on its own: one that is refused keeps no other from going."""
    if word not in VERBS:
        raise Http404("A dead letter is redriven or discarded.")
    chosen = [int(each) for each in request.POST.getlist("letter") if each.isdecimal() and len(each) < 19]
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:200]
    if not chosen or not reason:
        messages.error(request, "Nothing was changed: choose at least one, and say why.")
    else:
        _settle_each(request, word, DeadLetter.objects.filter(pk__in=chosen).order_by("pk"), reason)
    if len(chosen) == 1 and request.POST.get("stay"):
        return redirect("operator-dead-letter", chosen[0])
    return redirect("operator-dead-letters")


def _settle_each(request: HttpRequest, word: str, letters: Iterable[DeadLetter], reason: str) -> None:
    done, refused = 0, []
    title = "Sent again" if word == "redrive" else "Set aside"
    for letter in letters:
        try:
            VERBS[word](letter)
        except REFUSALS as error:
            refused.append(f"{letter.type or letter.message_id or letter.pk}: {error}")
            continue
        done += 1
        log(letter, account(request), f"{title}: {reason}")
    if done:
        messages.success(request, f"{title}: {done}.")
    for told in refused[:10]:
        messages.error(request, f"Nothing was changed of {told}.")


def headers_of(letter: DeadLetter) -> list[tuple[str, object]]:
    """A command's are an object, a record's a list of pairs, in which names may repeat."""
    told: Any = letter.headers
    if isinstance(told, dict):
        return list(told.items())
    return [(str(pair[0]), pair[1]) for pair in told if len(pair) == 2]


def log(letter: DeadLetter, who: User, words: str) -> None:
    kind = ContentType.objects.get_for_model(DeadLetter)
    LogEntry.objects.create(
        user_id=who.pk,
        content_type=kind,
        object_id=str(letter.pk),
        object_repr=str(letter)[:200],
        action_flag=CHANGE,
        change_message=words,
    )


def deeds(letter: DeadLetter) -> list[Deed]:
    """By the admin's log, the oldest first."""
    kind = ContentType.objects.get_for_model(DeadLetter)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(letter.pk)).select_related("user")
    return [Deed(entry.action_time, str(entry.user), entry.get_change_message()) for entry in entries.order_by("pk")]
