"""The rules, as each room declares them: a file `alert_rules.py` of an installed app, with

    alert_rule("courier_silent", "A courier took an order and is not seen", responses=["alerts.call_next_courier"])

Each has an entry in the runbook, `docs/operations.md`, under a heading of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.module_loading import autodiscover_modules

from messaging.models.incident import Severity

RUNBOOK = "docs/operations.md"

#: Commands that tell people: operators by their notices, other systems by a webhook.
PAGE, WEBHOOK = "alerts.page", "alerts.webhook"

#: Wall time that an incident may stay unacknowledged.
PATIENCE = {Severity.CRITICAL: timedelta(minutes=5), Severity.WARNING: timedelta(minutes=30)}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done about incidents of a kind.

    `responses` are commands that are owed when one opens, `closing` those when it is over. `patience` is the wall time
    after which it is escalated, where nobody acknowledges it.
    """

    kind: str
    title: str
    severity: Severity = Severity.WARNING
    responses: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    patience: timedelta = PATIENCE[Severity.WARNING]

    @property
    def anchor(self) -> str:
        """Where the runbook speaks of it."""
        return f"{RUNBOOK}#{self.kind}"

    @property
    def on_opening(self) -> tuple[str, ...]:
        tell = (PAGE, WEBHOOK) if self.severity == Severity.CRITICAL else ()
        return (*self.responses, *tell)


_rules: dict[str, Rule] = {}


def alert_rule(
    kind: str,
    title: str,
    *,
    severity: Severity = Severity.WARNING,
    responses: Sequence[str] = (),
    closing: Sequence[str] = (),
    patience: timedelta | None = None,
) -> Rule:
    """Declare the rule of a kind of incident; see `Rule` for the options."""
    if kind in _rules:
        raise RuntimeError(f"the rule of {kind!r} is declared twice")
    made = Rule(kind, title, severity, tuple(responses), tuple(closing), patience or PATIENCE[severity])
    _rules[kind] = made
    return made


def all_rules() -> dict[str, Rule]:
    """Every declared rule by its kind."""
    autodiscover_modules("alert_rules")
    return dict(_rules)


def rule_of(kind: str) -> Rule:
    """The rule of a kind; one that nobody declared is a warning without a response."""
    if kind not in _rules:
        autodiscover_modules("alert_rules")
    return _rules.get(kind) or Rule(kind, kind.replace("_", " ").capitalize())
