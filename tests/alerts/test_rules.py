"""Every rule can be acted upon: by a person who reads the runbook, and by the commands it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.operator.runbook import entries, runbook_of
from messaging.alerting.responding import carriers
from messaging.alerting.rules import alert_rule, all_rules, rule_of
from messaging.models.incident import Severity
from messaging.names import queue_of
from tests.test_docs import anchors

ROOT = Path(__file__).resolve().parents[2]


def test_every_rule_has_an_entry_in_the_runbook_and_every_entry_a_rule() -> None:
    assert set(entries()) == set(all_rules())
    headings = anchors(ROOT / "docs" / "operations.md")
    assert {rule.anchor.rpartition("#")[2] for rule in all_rules().values()} <= headings
    assert all(len(text) > 60 for text in entries().values())


def test_every_response_is_a_command_of_the_queue_alerts() -> None:
    tasks = {task for rule in all_rules().values() for task in (*rule.on_opening, *rule.closing)}
    assert tasks <= set(carriers)
    assert {queue_of(task) for task in tasks} == {"alerts"}


def test_every_kind_that_the_program_opens_has_a_rule() -> None:
    """Kinds are written as words or as capital constants beside `open_incident`, `keep` and `tell`."""
    kinds: set[str] = set()
    for room in ("messaging", "orders", "delivery", "notifications"):
        for path in (ROOT / room).rglob("*.py"):
            source = path.read_text()
            kinds |= set(re.findall(r'(?:open_incident|report|_tell|keep)\(\s*"(\w+)"', source))
            for name in re.findall(r"(?:open_incident|report|keep|tell)\(\s*([A-Z_]{4,}),", source):
                kinds |= set(re.findall(rf'^{name} = "(\w+)"', source, re.MULTILINE))
    assert {"outbox_age", "kitchen_late", "courier_silent", "payment_failures"} <= kinds
    assert kinds <= set(all_rules())


def test_a_kind_without_a_rule_is_a_warning_without_a_response() -> None:
    rule = rule_of("something_new")
    assert (rule.severity, rule.on_opening, rule.title) == (Severity.WARNING, (), "Something new")
    assert runbook_of("something_new") == ""


def test_a_rule_cannot_be_declared_twice() -> None:
    all_rules()
    with pytest.raises(RuntimeError, match="declared twice"):
        alert_rule("outbox_age", "Again")


def test_the_runbook_is_shown_as_text_and_never_as_markup() -> None:
    shown = runbook_of("outbox_blocked")
    assert "<em>retry</em>" in shown and "<code>stream.skipped</code>" in shown
    assert "<script" not in shown
