"""The operator's pages of incidents."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from messaging.alerting.answering import answer_incidents
from messaging.models import Incident
from tests import factories
from tests.pages.conftest import sign_in

from .conftest import carry_out, opened, owed

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def test_the_list_shows_what_is_open_and_the_head_counts_what_nobody_took_up(operator: Client) -> None:
    opened()
    taken = opened("set_aside", "x")
    gone = opened("set_aside", "y")
    Incident.objects.filter(pk=gone.pk).update(resolved_at="2026-01-01T00:00:00Z")
    operator.post(reverse("operator-incident-handle", args=[taken.pk, "acknowledge"]))
    page = operator.get(reverse("operator-incidents"))
    assert [incident.subject for incident, _, _ in page.context["found"]] == ["kafka", "x"]
    assert '<span class="unseen">, not taken up: </span>1</span>' in page.content.decode()
    count = operator.get(reverse("operator-incident-count")).content.decode()
    assert "not taken up: </span>1" in count


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ({"severity": "critical"}, {"kafka"}),
        ({"kind": "set_aside"}, {"x"}),
        ({"words": "KAFK"}, {"kafka"}),
        ({"state": "resolved"}, {"old"}),
        ({"state": "all"}, {"kafka", "x", "old"}),
        ({"state": "'", "severity": "\x00", "kind": "%", "page": "-7"}, set()),
    ],
)
def test_incidents_are_found(operator: Client, query: dict[str, str], subjects: set[str]) -> None:
    opened()
    opened("set_aside", "x")
    old = opened("set_aside", "old")
    Incident.objects.filter(pk=old.pk).update(resolved_at="2026-01-01T00:00:00Z")
    page = operator.get(reverse("operator-incidents"), query)
    assert {incident.subject for incident, _, _ in page.context["found"]} == subjects


def test_one_incident_has_its_history_its_steps_and_its_runbook(operator: Client) -> None:
    incident = opened()
    answer_incidents()
    carry_out(owed())
    where = reverse("operator-incident", args=[incident.pk])
    for word in ("acknowledge", "acknowledge", "resolve"):
        response = operator.post(reverse("operator-incident-handle", args=[incident.pk, word]), follow=True)
    page = operator.get(where)
    told = [(moment.title, moment.text) for moment in page.context["history"]]
    assert told[0] == ("Opened", "rows wait")
    assert ("Acknowledged", "by operator") in told and ("Resolved", "by operator") in told
    assert any(title == "Tell the operators" and text.startswith("1 operator told") for title, text in told)
    assert "Is that broker up?" in page.content.decode()
    again = operator.post(reverse("operator-incident-handle", args=[incident.pk, "resolve"]), follow=True)
    assert "Nothing was changed: it is over." in again.content.decode()
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["operator-incidents", "operator-incident-count"])
def test_incidents_are_the_operators(name: str) -> None:
    assert sign_in(factories.alice()).get(reverse(name)).status_code == 403
    assert Client().get(reverse(name)).status_code == 302


def test_nobody_else_ends_an_incident_and_strange_words_are_unknown(operator: Client) -> None:
    incident = opened()
    for word in ("acknowledge", "resolve"):
        address = reverse("operator-incident-handle", args=[incident.pk, word])
        assert sign_in(factories.make_user(f"a-{word}", "courier")).post(address).status_code == 403  # type: ignore[arg-type]
        assert operator.get(address).status_code == 405
    assert operator.post(reverse("operator-incident-handle", args=[incident.pk, "burn"])).status_code == 404
    assert operator.get(f"/operator/incidents/{'9' * 30}/").status_code == 404
    assert Incident.objects.open().unattended().count() == 1
