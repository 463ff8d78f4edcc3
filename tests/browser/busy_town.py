"""The town later in the evening: what a page shows once something has happened, from money back to a fault's end."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from analytics.compliance.models import ChargeRecord
from config.embedded.faults import FAULTS, JOURNAL, Entry, folder_of
from delivery import couriers, giving_back, offers
from messaging.comparison import keeping as comparisons
from messaging.comparison.notes import Notes, Result
from messaging.consuming.positions import live_number
from messaging.models import DeadLetter, ReplayRun, ScalingSample, Span, TaskRun
from messaging.replays import keeping as replays
from notifications.models import Channel, Device, Notice
from notifications.sending import deliver
from orders import kitchen
from orders.lifecycle import Actor
from orders.models import Order, Restaurant
from orders.payments import refunds, tasks
from orders.pricing.fares import reprice, set_bounds
from tests import factories, story
from tests.browser.feeding import Readers, Told
from tests.browser.scene import Scene, keep_offers_open
from tests.delivery.conftest import offer_to
from tests.market.market import a_market, ago, flat

#: So far ahead of the clock that no sweep takes as long.
LATER = timedelta(hours=6)


def fill(scene: Scene) -> Told:
    """What happened since the scene; what of it the outbox owed to Kafka, by topic, which every group has read."""
    scene.alice.email = "alice@forkroad.example"
    scene.alice.save(update_fields=["email"])
    inn, mill = (factories.make_restaurant(name, zone="harbour") for name in ("corner-inn", "old-mill"))
    _money(scene)
    scene.orders["bank"] = factories.place_order(scene.alice, inn, card="tok_3ds")
    tasks.authorise(order=str(scene.orders["bank"].pk))
    scene.orders["stuck"] = _couriers(inn)
    factories.paid_order(scene.alice, mill)
    told = _market(scene, inn)
    _nobody_answers(mill)
    _story(scene)
    _runs()
    Device.objects.create(user=scene.alice, endpoint="https://push.example/1", p256dh="k", auth="a")
    return told


def send_mail() -> None:
    """All that waits to be sent, to the receiver that the settings name."""
    for pk in Notice.objects.filter(channel=Channel.EMAIL, state="queued").order_by("pk").values_list("pk", flat=True):
        deliver(pk)


def break_something(home: Path) -> None:
    """The journal of a demo's supervisor: one part away, one back, one that does not come back."""
    now = time.time()
    entries = [
        Entry("a", "broker", began=now - 5),
        Entry("b", "relay", began=now - 60, back=now - 52),
        Entry("c", "sqs", began=now - 300, given_up=True),
    ]
    folder_of(home).mkdir(parents=True, exist_ok=True)
    # A part that this demo was started without.
    available = [name for name in FAULTS if name != "consumers"]
    told = {"available": available, "entries": [vars(entry) for entry in entries]}
    (folder_of(home) / JOURNAL).write_text(json.dumps(told))


def _money(scene: Scene) -> None:
    """Taken; some given back, some that could not be, some that waits for a decision, and some that is left."""
    order = scene.orders["delivered"]
    tasks.capture(order=str(order.pk))
    alice, operator = Actor("customer", scene.alice.pk), Actor("operator", 1)
    soup = order.lines.all()[0]
    given = refunds.ask(order.pk, by=alice, reason="missing", note="no soup", pieces={soup.pk: 1})
    tasks.refund(refund=str(given.pk))
    refunds.fail(refunds.ask(order.pk, by=operator, reason="goodwill", amount=50), code="expired_card")
    refunds.ask(order.pk, by=alice, reason="late", note="An hour after it was promised", amount=100)


def _couriers(inn: Restaurant) -> Order:
    """One with a bundle on offer, and one who stands before a door and called for help."""
    bundled = factories.make_courier("c-04", zone="harbour", capacity=2)
    offers.make(*(factories.ready_order(restaurant=inn).pk for _ in range(2)), courier_id=bundled.pk)
    keep_offers_open()
    stuck, order = factories.make_courier("c-05", zone="harbour"), factories.ready_order(restaurant=inn)
    offers.accept(offer_to(stuck, order).id, courier=stuck)
    couriers.pick_up(order.pk, courier=stuck)
    giving_back.cannot_go_on(order.pk, courier=stuck, reason="nobody_opens")
    return order


def _market(scene: Scene, inn: Restaurant) -> Told:
    """A busy fee, one that was charged otherwise, ticks that fell silent for a while, and who browsed."""
    for zone in (scene.shop.zone, inn.zone):
        set_bounds(zone, lowest=0, highest=200)
    reprice({scene.shop.zone: story.BUSY, inn.zone: story.BUSY})
    orders = [story.buy(inn, scene.alice) for _ in range(3)]
    ticks = [
        *flat("centre", 2, 4, seconds=30, until=ago(seconds=150)),
        *flat("centre", 8, 0, seconds=60),
        *a_market(60, zones=("harbour",)),
    ]
    told = Readers().feed({"pricing.ticks": ticks, "behaviour.events": story.browsing(1)})
    quoted = orders[0]
    ChargeRecord.objects.create(
        generation=live_number("compliance"),
        order_id=uuid.uuid4(),
        restaurant_id=inn.pk,
        zone=inn.zone,
        quote_id=quoted.quote_id,
        fee=quoted.delivery_fee + 100,
        total=quoted.total + 100,
        at=Now(),
    )
    return told


def _nobody_answers(mill: Restaurant) -> None:
    """The mill has paused itself, with an order before it."""
    with transaction.atomic():
        while not kitchen.note_unanswered(mill.pk):
            pass


def _story(scene: Scene) -> None:
    """What SQS and the traces tell of an order that was delivered."""
    key = str(scene.orders["delivered"].pk)
    runs: dict[str, Any] = {
        "task_id": uuid.uuid4(),
        "task": "payments.authorise",
        "queue": "payments",
        "key": key,
        "worker": "w@one",
    }
    TaskRun.objects.create(**runs, outcome="failed", error="GatewayAway: it does not answer", finished_at=Now())
    TaskRun.objects.create(**runs, outcome="succeeded", receive_count=2, finished_at=Now())
    DeadLetter.objects.create(
        road="sqs", source="notices", message_id="n", type="notices.send", receive_count=8, error="no template", key=key
    )
    spans = [("", "web", "POST /checkout/"), ("0", "payments", "payments.authorise"), ("1", "consume", "audit")]
    for number, (parent, part, name) in enumerate(spans):
        Span.objects.create(
            trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
            span_id=str(number),
            parent_id=parent,
            name=name,
            part=part,
            key=key,
            failed=part == "payments",
            started_at=Now() - timedelta(milliseconds=90 - 30 * number),
            ended_at=Now() - timedelta(milliseconds=20 - 5 * number),
        )


def _runs() -> None:
    """Replays and a comparison, ended and under way, and what a scaler of workers saw."""
    table = {"name": "analytics_orderfact", "count": 2, "columns": ["order_id", "status"], "rows": [["a", "ready"]]}
    ended: list[tuple[str, dict[str, Any], str]] = [
        ("rebuild", {"generation": 2}, ""),
        ("look", {"tables": [table]}, ""),
        ("rebuild", {}, "called off"),
        ("compare", {"differences": 1, "examples": ["analytics_orderfact: a is ready, not paid"]}, ""),
    ]
    for kind, outcome, error in ended:
        run = replays.ask("metrics", kind, since=timezone.now() if kind == "look" else None)
        taken = replays.take(run.pk)
        assert taken is not None and replays.note(taken, read=1200, total=1200, events=1100)
        replays.end(taken, outcome=outcome, error=error)
    run = replays.ask("dashboard", "rebuild")
    ReplayRun.objects.filter(pk=run.pk).update(
        begun_at=Now() + LATER - timedelta(seconds=20), seen_at=Now() + LATER, read=250, total=1000, events=240
    )
    notes = Notes(drawing={"parties": 4, "takers": [0, 1, 2, 3, 0, 1]})
    notes.do("200 messages sent")
    notes.sqs("each went to one worker")
    notes.kafka("one group read none of them", held=False)
    notes.table("Who got what", ("Reader", "Messages"), (("one", 120), ("two", 80)))
    notes.build("A reader that counts")
    notes.limit("More than one machine")
    other = Notes(drawing={"parties": [1, 2, 4, 8], "receivers": [50, 90, 170, 250], "members": [60, 110, 190, 190]})
    other.kafka("of 8 members 4 had a partition")
    played = comparisons.begin(["who", "scale"], quick=True)
    comparisons.note(played, Result("who", "A message goes to one.", notes, 1.25))
    comparisons.note(played, Result("scale", "As many as you like.", other, 3.0, failed="it took too long"))
    comparisons.end(played)
    for second in range(0, 240, 10):
        workers, reason = 1 + (second > 100), "240 wait" if second == 110 else ""
        ScalingSample.objects.create(
            at=Now() - timedelta(seconds=240 - second), pool="others", waiting=abs(120 - second), in_work=2,
            age_seconds=1.5, workers=workers, wanted=2 if reason else workers, reason=reason,
        )  # fmt: skip
