"""One trace from a request over its commands and events to the read models."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
import uuid
from typing import Any

import msgspec
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from accounts.models import User
from accounts.tokens import make_token
from messaging import topology, tracing
from messaging.envelope import Envelope
from messaging.models import OutboxRow, Span
from messaging.spans import DatabaseExporter
from orders.models import Order, Restaurant
from tests import factories
from tests.contracts.test_orders_api import an_order
from tests.messaging.streams import NOON, a_fact, a_key, owe, read_all
from tests.pages.conftest import sign_in
from tests.system import ROOT, System, child_environment, running
from tests.waiting import wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def post(system: System, path: str, body: dict[str, Any], *, by: User, **headers: str) -> dict[str, Any]:
    """What a running web server answers."""
    request = urllib.request.Request(
        f"{system.url}/api{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {make_token(by)}", "Content-Type": "application/json"} | headers,
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def place(system: System, restaurant: Restaurant) -> str:
    """An order, in a trace that the caller began; its id."""
    headers = {"Idempotency-Key": "k1", "traceparent": SENT}
    return str(post(system, "/orders", an_order(restaurant), by=factories.alice(), **headers)["id"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("namespace")
def test_one_trace_leads_from_the_request_to_the_read_models() -> None:
    # given: the real processes, which keep their spans
    topology.apply()
    # A command's first run imports what it needs: on a busy machine that takes longer than the testing profile allows.
    env = {"FORKROAD_TRACES": "database", "FORKROAD_TASK_LIMIT_SECONDS": "15", "FORKROAD_VISIBILITY_SECONDS": "60"}
    with running("web", "relay", "payments", "consume", env=env) as system:
        # when: an order is placed, and its payment authorised by a worker
        restaurant = factories.make_restaurant()
        order = place(system, restaurant)
        wanted = {
            "POST /api/orders",
            "payments.authorise",
            "metrics applies order.placed",
            "metrics applies order.paid",
            "audit applies order.paid",
        }

        def spans() -> dict[str, Span]:
            return {span.name: span for span in Span.objects.filter(trace_id=TRACE)}

        wait_for(lambda: wanted <= spans().keys(), within=60, what="the spans of request, command and read models")
        # and when somebody accepts it who brings no trace
        post(system, f"/restaurant/orders/{order}/accept", {"preparation_minutes": 10}, by=restaurant.user)
        accepted = Span.objects.filter(name="metrics applies order.accepted")
        wait_for(accepted.exists, within=30, what="the trace that began here")
        # The web server writes its spans a second at a time: the reader's may stand first.
        begins = Span.objects.filter(trace_id=accepted.get().trace_id, parent_id="")
        wait_for(begins.exists, within=30, what="the request's own span")

    # then: each lies under what caused it (a command that failed first was received again)
    found = spans()
    request, paid = found["POST /api/orders"], found["metrics applies order.paid"]
    commands = {span.span_id: span for span in Span.objects.filter(trace_id=TRACE, name="payments.authorise")}
    assert request.parent_id == "00f067aa0ba902b7"
    assert {span.parent_id for span in commands.values()} == {request.span_id}
    assert found["metrics applies order.placed"].parent_id == request.span_id
    assert not commands[paid.parent_id].failed
    assert {found[name].key for name in wanted} == {order}
    # and the records in Kafka name them
    carried = {event.type: event.traceparent for event in read_all() if event.key == order}
    assert carried["order.placed"] == f"00-{TRACE}-{request.span_id}-01"
    assert carried["order.paid"] == f"00-{TRACE}-{paid.parent_id}-01"
    # and so does one that began here
    begun = begins.get()
    assert begun.name == "POST /api/restaurant/orders/{order_id}/accept"
    assert begun.trace_id != TRACE
    # and the operator sees both
    page = sign_in(factories.make_operator()).get(reverse("operator-traces", args=[order])).content.decode()
    assert TRACE in page and begun.trace_id in page and "payments.authorise" in page


@pytest.mark.django_db
def test_a_trace_that_a_request_brings_goes_on_where_nothing_is_recorded() -> None:
    restaurant = factories.make_restaurant()
    answer = Client().post(
        "/api/orders",
        json.dumps(an_order(restaurant)),
        content_type="application/json",
        headers={
            "Authorization": f"Bearer {make_token(factories.alice())}",
            "Idempotency-Key": "k1",
            "traceparent": SENT,
        },
    )
    assert answer.status_code == 201
    assert set(OutboxRow.objects.values_list("traceparent", flat=True)) == {SENT}
    assert Span.objects.count() == 0


@pytest.mark.django_db
def test_without_a_trace_nothing_is_carried() -> None:
    key = a_key()
    owe(key, 1, event=a_fact(key))
    assert OutboxRow.objects.get().traceparent == tracing.current() == ""


def test_a_collector_without_its_exporter_is_said_at_the_start() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=ROOT,
        env=child_environment() | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 1
    assert "opentelemetry-exporter-otlp-proto-http" in asked.stderr


@pytest.mark.django_db
def test_a_story_without_traces_says_so_and_whose_it_is_not_finds_nothing() -> None:
    order: Order = factories.paid_order()
    address = reverse("operator-traces", args=[order.pk])
    assert "No trace of this order is kept" in sign_in(factories.make_operator()).get(address).content.decode()
    assert sign_in(order.customer).get(address).status_code == 403


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans of this process, kept in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    monkeypatch.setattr(tracing, "_on", True)
    return exporter


def an_event(number: int, *, sampled: bool = True) -> Envelope:
    return Envelope(
        id=uuid.uuid4(),
        type="order.ready",
        key=f"k{number}",
        sequence=1,
        time=NOON,
        recorded_at=NOON,
        data=a_fact(f"k{number}"),
        topic="orders.events",
        partition=1,
        offset=number,
        traceparent=SENT if sampled else SENT[:-1] + "0",
    )


@pytest.mark.django_db(transaction=True)
def test_a_group_records_the_first_of_a_batch_once_it_is_committed(recorded: InMemorySpanExporter) -> None:
    with transaction.atomic():
        tracing.follow("metrics", [an_event(0, sampled=False), *map(an_event, range(1, 200))], began=time.time_ns())
        assert recorded.get_finished_spans() == ()
    spans = recorded.get_finished_spans()
    assert [span.attributes[tracing.KEY] for span in spans if span.attributes] == [f"k{n}" for n in range(1, 20)]
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {TRACE}


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_is_rolled_back_leaves_no_span(recorded: InMemorySpanExporter) -> None:
    with contextlib.suppress(RuntimeError), transaction.atomic():
        tracing.follow("metrics", [an_event(1)], began=time.time_ns())
        raise RuntimeError("the batch fails")
    assert recorded.get_finished_spans() == ()


@pytest.mark.django_db(transaction=True)
def test_what_a_span_was_first_said_to_be_about_stays_and_a_trace_of_our_own_is_followed(
    recorded: InMemorySpanExporter,
) -> None:
    with tracing.continued("", "POST", kind=SpanKind.SERVER):
        tracing.note_key("order")
        tracing.note_key("zone")
        carried = tracing.current()
    [span] = recorded.get_finished_spans()
    assert span.attributes and span.attributes[tracing.KEY] == "order"
    assert span.context and carried.startswith(f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-")
    tracing.follow("metrics", [msgspec.structs.replace(an_event(1), traceparent=carried)], began=time.time_ns())
    assert len(recorded.get_finished_spans()) == 2


def test_a_failure_marks_the_span_and_goes_on(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="odd"), tracing.continued(SENT, "payments.x", kind=SpanKind.CONSUMER):
        raise ValueError("odd")
    [span] = recorded.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.parent and f"{span.parent.span_id:016x}" == SENT.split("-")[2]


def test_what_is_done_for_several_is_told_in_the_trace_of_each(recorded: InMemorySpanExporter) -> None:
    other, unsampled = f"00-{1:032x}-{2:016x}-01", f"00-{3:032x}-{4:016x}-00"
    with tracing.continued(SENT, "delivery.dispatch_zone", kind=SpanKind.CONSUMER, also=[other, unsampled]):
        carried = tracing.current()
    assert carried.split("-")[1] == TRACE
    spans = {f"{span.context.trace_id:032x}": span for span in recorded.get_finished_spans() if span.context}
    assert spans.keys() == {TRACE, f"{1:032x}"}
    told = spans[f"{1:032x}"]
    assert told.name == "delivery.dispatch_zone" and told.parent and told.parent.span_id == 2
    assert told.start_time and told.end_time and told.start_time <= told.end_time


@pytest.mark.django_db(transaction=True)
def test_requests_that_caused_nothing_are_not_kept(recorded: InMemorySpanExporter) -> None:
    with tracing.continued("", "POST /position", kind=SpanKind.SERVER):
        pass
    with tracing.continued("", "POST /orders", kind=SpanKind.SERVER):
        tracing.note_key("order")
    with tracing.continued("", "POST /broken", kind=SpanKind.SERVER) as span:
        tracing.failed(span, "answered with 500")
    with tracing.continued(SENT, "alerts.note", kind=SpanKind.CONSUMER):
        pass
    DatabaseExporter().export(recorded.get_finished_spans())
    kept = Span.objects.order_by("id").values_list("name", "key", "failed")
    assert list(kept) == [("POST /orders", "order", False), ("POST /broken", "", True), ("alerts.note", "", False)]
