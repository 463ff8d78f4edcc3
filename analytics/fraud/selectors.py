"""What the operator's pages read of fraud: cases, decisions, and the stream's memory of a token."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from messaging.consuming.positions import live_generation

from .apply import GROUP
from .models import FraudCase, FraudDecision, FraudProfile
from .profiles import Profile
from .rules import blamed


@dataclass(frozen=True, slots=True)
class Seen:
    """One order, decline or refund in a token's memory; times city time, `amount` in minor units."""

    what: str
    at: datetime
    order: str
    account: int
    device: str
    door: str
    amount: int

    @property
    def number(self) -> str:
        return self.order.replace("-", "")[:8].upper()


@dataclass(frozen=True, slots=True)
class Memory:
    """What the stream told of one token of a case."""

    kind: str
    token: str
    profile: Profile
    seen: list[Seen]


def open_cases() -> QuerySet[FraudCase]:
    """Those nobody has judged, the most suspicious first."""
    return FraudCase.objects.filter(verdict=FraudCase.Verdict.OPEN).order_by("-score", "created_at")


def judged_cases() -> QuerySet[FraudCase]:
    return FraudCase.objects.exclude(verdict=FraudCase.Verdict.OPEN).order_by("-judged_at")


def decisions_of(order_id: uuid.UUID) -> QuerySet[FraudDecision]:
    """An order's decisions as they were made."""
    return FraudDecision.objects.filter(order_id=order_id).order_by("decided_at", "pk")


def numbers() -> dict[str, int]:
    """Cases by verdict, `open` among them."""
    rows = FraudCase.objects.values_list("verdict").annotate(Count("pk")).order_by()
    found = {verdict or "open": count for verdict, count in rows}
    return {name: found.get(name, 0) for name in ("open", "fraud", "genuine")}


def memories(case: FraudCase, *, latest: int = 12) -> list[Memory]:
    """The account, card, device, door and courier of a case, as far as they are known."""
    wanted = [("account", str(case.account)), ("device", case.device), ("card", case.card), ("door", case.door)]
    wanted += [("courier", str(case.courier))] if case.courier else []
    live = FraudProfile.objects.filter(generation=live_generation(GROUP))
    found = []
    for kind, token in wanted:
        row = live.filter(kind=kind, token=token).first() if token else None
        if row is not None:
            found.append(Memory(kind, token, row.profile, _seen(row.profile)[:latest]))
    return found


def settle_case(order_id: uuid.UUID, *, verdict: str, note: str, reviewer_id: int) -> FraudCase | None:
    """Write a reviewer's word on an open case; None where somebody was quicker. Call it with the order's own change."""
    changed = FraudCase.objects.filter(pk=order_id, verdict=FraudCase.Verdict.OPEN).update(
        verdict=verdict, note=note, reviewer_id=reviewer_id, judged_at=Now()
    )
    return FraudCase.objects.get(pk=order_id) if changed == 1 else None


def lesson(case: FraudCase) -> tuple[Sequence[str], Sequence[str]]:
    """Of a judged case, the rules that the word is on, and the kinds of tokens that it is about."""
    rules: dict[str, Any] = case.rules
    about = blamed(list(rules)) if case.verdict == FraudCase.Verdict.FRAUD else {"account", "device"}
    return sorted(rules), sorted(about)


def _seen(profile: Profile) -> list[Seen]:
    of = (("order", profile.placed), ("declined", profile.declined), ("asked back", profile.returned))
    rows = [
        Seen(what, datetime.fromtimestamp(e.at, UTC), e.order, e.account, e.device, e.door, e.amount)
        for what, entries in of
        for e in entries
    ]
    return sorted(rows, key=lambda row: row.at, reverse=True)
