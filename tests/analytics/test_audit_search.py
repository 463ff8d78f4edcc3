"""Asking the audit, by command and by page, and keeping it from the role that the application uses."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from analytics.audit.guard import CannotGuard, guard, powers
from analytics.audit.verify import verify
from tests import factories
from tests.messaging.streams import NOON, Record, a_fact

from .test_audit_chain import read, tamper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

ORDER, OTHER = str(uuid.UUID(int=0xAB << 120)), str(uuid.UUID(int=2))


@pytest.fixture(autouse=True)
def _entries() -> None:
    read(
        Record(ORDER, 1, a_fact(ORDER, by="restaurant", actor_id=7)),
        Record(OTHER, 1, a_fact(OTHER, by="restaurant", actor_id=8)),
        Record(ORDER, 2, a_fact(ORDER, by="operator", actor_id=3, reason="=storm")),
    )


def audit(*words: str) -> str:
    out = io.StringIO()
    call_command("audit", *words, stdout=out)
    return out.getvalue()


def answers(*words: str) -> list[tuple[str, int, str, int]]:
    rows = [json.loads(line) for line in audit("search", "--json", *words).splitlines()]
    return [(row["key"], row["sequence"], row["actor_role"], row["actor_id"]) for row in rows]


FIRST, SECOND, THIRD = (ORDER, 1, "restaurant", 7), (OTHER, 1, "restaurant", 8), (ORDER, 2, "operator", 3)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [THIRD, SECOND, FIRST]),
        (["--order", ORDER], [FIRST, THIRD]),
        (["--order", "AB000000"], [FIRST, THIRD]),
        (["--actor", "operator"], [THIRD]),
        (["--actor", "restaurant:8"], [SECOND]),
        (["--type", "order.ready", "--limit", "1"], [THIRD]),
        (["--type", "order.paid"], []),
        (["--from", NOON.isoformat(), "--to", NOON.isoformat()], [THIRD, SECOND, FIRST]),
        (["--from", "2026-05-05"], []),
        (["--to", "2026-05-04T11:59"], []),
    ],
)
def test_searching(words: list[str], expected: list[Any]) -> None:
    assert answers(*words) == expected


@pytest.mark.parametrize("words", [["--order", "soup"], ["--actor", "courier:x"], ["--from", "yesterday"]])
def test_a_question_that_cannot_be_asked_says_what_would_be_right(words: list[str]) -> None:
    with pytest.raises(CommandError, match="such as"):
        audit("search", *words)


def test_export_holds_each_entry_with_its_event() -> None:
    rows = [json.loads(line) for line in audit("export").splitlines()]
    assert [row["offset"] for row in rows] == [2, 1, 0]
    assert rows[0]["data"]["reason"] == rows[0]["reason"] == "=storm"
    head, first, *_ = audit("export", "--format", "csv", "--actor", "operator").splitlines()
    assert head.startswith("time,recorded_at,topic,key")
    # What a spreadsheet would take for a formula is text.
    assert ",operator,3,'=storm," in first


def test_verify_as_a_command_says_where_and_fails(tmp_path: Path) -> None:
    noted = audit("verify", "--json")
    assert json.loads(noted)["ok"] is True
    (tmp_path / "noted.json").write_text(noted)
    assert "3 entries, and every chain holds" in audit("verify", "--anchor", str(tmp_path / "noted.json"))
    tamper("UPDATE analytics_auditentry SET actor_id = 9 WHERE position = 2")
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 findings in 3 entries"):
        call_command("audit", "verify", "--json", stdout=out)
    (finding,) = json.loads(out.getvalue())["findings"]
    assert (finding["kind"], finding["topic"], finding["partition"], finding["offset"]) == (
        "changed",
        "orders.events",
        0,
        1,
    )


def test_the_page_finds_turns_and_hands_out_files(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from analytics.views import audit as view

    monkeypatch.setattr(view, "PAGE", 2)
    client.force_login(factories.make_operator())
    url = reverse("analytics:audit")
    page = client.get(url).content.decode()
    assert page.count("order.ready</td>") == 2 and "page=2" in page
    rest = client.get(url, {"page": "2"}, headers={"HX-Request": "true"}).content.decode()
    assert rest.count("order.ready</td>") == 1 and "<html" not in rest and "page=1" in rest
    one = client.get(url, {"actor": "operator"}).content.decode()
    assert "=storm" in one and reverse("operator-story", args=[ORDER]) in one
    lines = client.get(url, {"order": ORDER, "format": "jsonl"})
    assert lines["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert [json.loads(line)["sequence"] for line in lines.content.decode().splitlines()] == [1, 2]
    assert len(client.get(url, {"format": "csv"}).content.decode().splitlines()) == 4
    assert "Nothing was searched" in client.get(url, {"order": "x"}).content.decode()
    assert client.get(url, {"order": "\0", "page": "9" * 30}).status_code == 200


def test_the_page_is_the_operators_alone(client: Client) -> None:
    url = reverse("analytics:audit")
    assert client.get(url).status_code == 302
    client.force_login(factories.charlie())
    assert client.get(url).status_code == 403


@pytest.fixture
def role() -> str:
    """A role as an application has it; made in the test's transaction, so it is gone after it."""
    name = f"app_{uuid.uuid4().hex[:8]}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    return name


def test_the_guarded_role_adds_entries_and_can_do_nothing_else_to_them(role: str) -> None:
    assert {power.what for power in powers(role)} >= {
        f"{role} has UPDATE on analytics_auditentry",
        f"{role} has DELETE on analytics_auditcheckpoint",
        f"{role} has TRUNCATE on analytics_auditentry",
    }
    guard(role)
    guard(role)
    assert powers(role) == []
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        read(Record(OTHER, 2, a_fact(OTHER)), start=3)
        for statement in (
            "UPDATE analytics_auditentry SET payload = '{}'",
            "DELETE FROM analytics_auditentry",
            "TRUNCATE analytics_auditentry",
            "ALTER TABLE analytics_auditentry DISABLE TRIGGER audit_append_only",
            "DROP TRIGGER audit_append_only ON analytics_auditentry",
            "DROP TABLE analytics_auditentry",
            "DELETE FROM analytics_auditcheckpoint",
            "DELETE FROM analytics_audithead",
            "SET session_replication_role = replica",
            "CREATE OR REPLACE FUNCTION analytics_refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        ):
            with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
                cursor.execute(statement)
        cursor.execute("RESET ROLE")
    verdict = verify()
    assert (verdict.findings, verdict.entries) == ([], 4)


def test_what_cannot_be_guarded_is_said(role: str) -> None:
    with pytest.raises(CannotGuard, match="no role 'nobody'"):
        guard("nobody")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {role} SUPERUSER")
    with pytest.raises(CannotGuard, match="is a superuser"):
        guard(role)
    with pytest.raises(CommandError, match="can still change"):
        audit("guard", "--check", "--role", role)
