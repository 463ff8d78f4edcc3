"""An incident's life: once for a hundred events, told, taken up or escalated, over."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from messaging.alerting import verbs
from messaging.alerting.answering import answer_incidents
from messaging.alerting.responding import carriers
from messaging.alerting.responding import carry_out as carry
from messaging.alerting.rules import PAGE, PATIENCE, WEBHOOK
from messaging.alerting.watching import SNOOZE, keep, tell
from messaging.models import Incident, IncidentStep, OutboxRow
from messaging.models.incident import Severity, open_incident, resolve_incident
from notifications.alerts.duties import LATE, tell_directly
from notifications.models import Notice
from tests import factories

from .conftest import aged, carry_out, opened, owed

pytestmark = pytest.mark.django_db

LONG = timedelta(hours=2)


def test_a_hundred_events_open_one_incident_and_owe_one_step_of_each_kind(webhook_on: None) -> None:
    assert sum(open_incident("outbox_age", "kafka", f"event {number}") for number in range(100)) == 1
    assert sum(answer_incidents() for _ in range(5)) == 2
    assert {task for task, _ in owed()} == {PAGE, WEBHOOK}
    assert Incident.objects.get().severity == Severity.CRITICAL


def test_a_warning_rings_nobody_until_it_is_escalated() -> None:
    incident = opened("parked_key", "metrics")
    assert (answer_incidents(), owed()) == (0, [])
    aged(incident, PATIENCE[Severity.WARNING] - timedelta(minutes=1))
    assert (answer_incidents(), owed()) == (0, [])
    aged(incident, PATIENCE[Severity.WARNING] + timedelta(minutes=1))
    assert answer_incidents() == 1
    assert [task for task, _ in owed()] == [PAGE]
    assert (answer_incidents(), owed()) == (0, [])


def test_what_somebody_looks_after_is_not_escalated() -> None:
    incident = opened("parked_key", "metrics")
    operator = factories.make_operator()
    assert [verbs.acknowledge(incident.pk, by=operator.pk), verbs.acknowledge(incident.pk, by=7)] == [True, False]
    aged(incident, LONG)
    assert (answer_incidents(), owed()) == (0, [])
    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.escalated_at) == (operator.pk, None)


def test_an_incident_that_is_over_is_neither_acknowledged_nor_escalated() -> None:
    incident = opened("parked_key", "metrics")
    aged(incident, LONG)
    assert [verbs.resolve(incident.pk, by=7), verbs.resolve(incident.pk, by=7)] == [True, False]
    assert not verbs.acknowledge(incident.pk, by=7)
    assert (answer_incidents(), owed()) == (0, [])


def test_operators_are_told_once_when_it_opens_and_once_when_nobody_came() -> None:
    operator = factories.make_operator()
    factories.alice()
    incident = opened()
    answer_incidents()
    first = owed()
    carry_out([*first, *first])
    aged(incident, PATIENCE[Severity.CRITICAL] + timedelta(minutes=1))
    answer_incidents()
    carry_out(owed())
    inbox = Notice.objects.filter(channel="inbox").order_by("id")
    assert list(inbox.values_list("recipient", flat=True)) == [operator.pk] * 2, "operators, and nobody else"
    assert [notice.facts["title"] for notice in inbox] == [
        "Messages wait too long for their broker",
        "Nobody has taken it up: Messages wait too long for their broker",
    ]
    assert {notice.facts["link"] for notice in inbox} == {f"/operator/incidents/{incident.pk}/"}
    assert IncidentStep.objects.get(moment="opened").outcome.startswith("1 operator told, by ")


def test_a_closed_operator_account_is_not_told() -> None:
    User.objects.filter(pk=factories.make_operator().pk).update(is_active=False)
    opened()
    answer_incidents()
    carry_out(owed())
    assert not Notice.objects.exists()


def test_a_step_whose_incident_is_over_is_passed_over() -> None:
    factories.make_operator()
    opened()
    answer_incidents()
    resolve_incident("outbox_age", "kafka")
    carry_out(owed())
    step = IncidentStep.objects.get()
    assert (step.state, step.outcome) == ("skipped", "it was over by then")
    assert not Notice.objects.exists()


def test_a_response_that_fails_leaves_nothing_and_comes_again() -> None:
    opened()
    answer_incidents()
    ((_, step),) = owed()

    def broken(incident: Incident) -> str:
        Incident.objects.filter(pk=incident.pk).update(message="half done")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        carry(step, broken)
    assert (IncidentStep.objects.get().state, Incident.objects.get().message) == ("owed", "rows wait")
    carry(step, lambda incident: "done now")
    carry(step, broken)
    assert IncidentStep.objects.get().outcome == "done now"


def test_a_command_that_was_lost_is_owed_again_but_not_while_it_waits() -> None:
    opened()
    answer_incidents()
    IncidentStep.objects.update(called_at=Now() - timedelta(minutes=5))
    assert answer_incidents() == 0, "it still waits in the outbox"
    lost = owed()
    assert [answer_incidents(), answer_incidents()] == [1, 0]
    assert owed() == lost


def test_when_the_queue_stands_still_people_are_told_directly() -> None:
    factories.make_operator()
    opened("worker_gone", "alerts")
    answer_incidents()
    assert tell_directly() == 0
    IncidentStep.objects.update(made_at=Now() - LATE - timedelta(seconds=1))
    assert [tell_directly(), tell_directly()] == [1, 0]
    carry_out(owed())
    assert Notice.objects.filter(channel="inbox").count() == 1, "the command that came late found it done"


def test_a_watch_opens_what_it_finds_and_closes_what_is_over() -> None:
    opened("consumer_lag", "other")
    assert keep("consumer_lag", {"audit": "behind", "metrics": "behind"}) == 3
    assert keep("consumer_lag", {"audit": "behind still", "metrics": "behind"}) == 0
    assert set(Incident.objects.open().values_list("subject", flat=True)) == {"audit", "metrics"}
    assert keep("consumer_lag", {}) == 2
    assert Incident.objects.get(subject="audit").message == "behind"


def test_what_a_person_resolved_is_not_opened_again_at_once_though_it_lasts() -> None:
    keep("consumer_lag", {"audit": "behind"})
    verbs.resolve(Incident.objects.get().pk, by=7)
    assert (keep("consumer_lag", {"audit": "behind"}), tell("consumer_lag", {"audit": "behind"})) == (0, 0)
    Incident.objects.update(resolved_at=Now() - SNOOZE - timedelta(minutes=1))
    assert keep("consumer_lag", {"audit": "behind"}) == 1


def test_what_needs_a_hand_comes_first() -> None:
    over = opened("set_aside", "over")
    verbs.resolve(over.pk, by=7)
    taken = opened("outbox_age", "sqs")
    verbs.acknowledge(taken.pk, by=7)
    young, old, grave = opened("set_aside", "young"), opened("set_aside", "old"), opened("outbox_age", "kafka")
    aged(old, timedelta(minutes=20))
    assert list(Incident.objects.by_need()) == [grave, old, young, taken, over]


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_one_step_act_once() -> None:
    opened()
    answer_incidents()
    ((_, step),) = owed()
    inside, go = threading.Event(), threading.Event()
    acted: list[int] = []

    def slow(incident: Incident) -> str:
        acted.append(1)
        inside.set()
        assert go.wait(timeout=30)
        return "acted"

    def other(incident: Incident) -> str:
        acted.append(2)
        return "acted twice"

    def run(act: object) -> None:
        try:
            carry(step, act)  # type: ignore[arg-type]
        finally:
            connection.close()

    first = threading.Thread(target=run, args=(slow,))
    first.start()
    assert inside.wait(timeout=30)
    second = threading.Thread(target=run, args=(other,))
    second.start()
    go.set()
    first.join(timeout=30)
    second.join(timeout=30)
    assert (acted, IncidentStep.objects.get().outcome) == ([1], "acted")


def test_every_step_has_somebody_to_carry_it_out() -> None:
    assert {PAGE, WEBHOOK, "alerts.call_next_courier", "alerts.pause_restaurant"} <= set(carriers)
    assert OutboxRow.objects.count() == 0
