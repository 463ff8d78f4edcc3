"""Row 7, the half that reaches people: every event and every command ten times, and each mail once. And a worker that
dies between the provider's answer and its own commit: the one case in which a mail comes twice, under one Message-ID.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from config.verify.notices import facts_are_told, notices_are_tried
from messaging.envelope import encode_headers
from messaging.models import OutboxRow, TaskRun
from notifications.asking import SEND, ask
from notifications.channels.email import message_id
from notifications.models import Notice
from orders import lifecycle
from orders.lifecycle import Actor
from orders.payments import tasks as payments
from tests import factories
from tests.messaging.sqs.proxy import FaultProxy
from tests.messaging.streams import Record, produce
from tests.notifications.receiver import Receiver
from tests.system import running
from tests.waiting import wait_for

from .processes import run_to_death
from .test_repeats_commands import COPIES, Repeater
from .trials import Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roads")]

#: A worker's own way of sending, killed when the mail server has taken the mail and nothing of it is written down.
DIES = """
import notifications.sending as sending
sending._settle = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sending.deliver(int(sys.argv[1]))
"""


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Where every process of the test sends its mail."""
    there = Receiver(tmp_path / "received.sqlite3")
    # On a busy machine a slow mail server is no fault of these rows.
    for name, value in (there.env() | {"NOTICE_TIMEOUT_SECONDS": "20"}).items():
        monkeypatch.setenv(name, value)
    yield there
    there.stop()


def reachable(name: str) -> User:
    customer = factories.make_customer(name)
    customer.email = f"{name}@forkroad.example"
    customer.save()
    return customer


def brought(customer: User) -> None:
    """An order from its placing to its receipt."""
    order = factories.paid_order(customer)
    lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
    lifecycle.mark_ready(order.id, by=Actor("restaurant"))
    lifecycle.pick_up(order.id, by=Actor("courier", 1))
    lifecycle.deliver(order.id, by=Actor("courier", 1))
    payments.capture(order=str(order.id))


def owed() -> dict[str, list[Record]]:
    """Topic → what the relay would send; all of it, with the commands, is taken from the outbox."""
    found: dict[str, list[Record]] = {}
    for row in OutboxRow.objects.filter(road="kafka"):
        headers = encode_headers(
            event_id=row.message_id,
            type=row.type,
            key=row.key,
            sequence=row.sequence,
            time=row.time,
            recorded_at=row.recorded_at,
        )
        found.setdefault(row.destination, []).append(Record(key=row.key, value=bytes(row.payload), headers=headers))
    OutboxRow.objects.all().delete()
    return found


@pytest.mark.fault(7, "every event and every command of a notice ten times, shuffled")
def test_what_comes_ten_times_is_mailed_once(fault: Row, receiver: Receiver) -> None:
    people = [reachable(name) for name in ("alice", "bob")]
    proxy, sent = FaultProxy(settings.SQS_ENDPOINT_URL), Repeater()
    proxy.fault = sent
    mails = 0
    # The relay alone takes the way on which messages multiply.
    done = TaskRun.objects.filter(task=SEND, outcome=TaskRun.Outcome.SUCCEEDED)
    mailed = Notice.objects.filter(state="sent", channel="email")
    too_early = TaskRun.objects.filter(task=SEND, error__contains="has not arrived yet")
    with (
        running("relay", env={"SQS_ENDPOINT_URL": proxy.url}),
        running("consume", "worker"),
    ):
        for chance in fault.run(short=1, full=20):
            # given: orders that were brought, and their facts ten times in no order
            with transaction.atomic():  # so that the relay sends none of it
                for customer in people * chance.randint(1, 2):
                    brought(customer)
                    mails += 1
                facts = owed()
            for topic, records in facts.items():
                copies = records * COPIES
                chance.shuffle(copies)
                produce(copies, topic=topic)

            # when: each of the commands that came of them was done ten times
            wait_for(lambda: mailed.count() == sent.messages == mails, within=90, what="every mail")  # noqa: B023
            wait_for(lambda: done.count() >= COPIES * sent.messages, within=60, what="the last copy")

            # then: each receipt was sent at the first attempt that did not come before its order's text
            told = Notice.objects.filter(channel="email").values_list("kind", "state")
            assert Counter(told) == {("receipt", "sent"): mails}
            attempts = Notice.objects.filter(channel="email").aggregate(Sum("attempts"))["attempts__sum"]
            assert attempts == mails + too_early.count()
    assert list(facts_are_told()) == list(notices_are_tried()) == []
    # and once each, whatever came ten times
    took = Counter(mail["message_id"] for mail in receiver.mails())
    assert took == {message_id(notice): 1 for notice in Notice.objects.filter(channel="email")}
    assert set(Notice.objects.filter(channel="inbox").values_list("state", "attempts")) == {("sent", 1)}
    proxy.close()
    fault.measures["mails"] = f"{mails}, each command run {COPIES} times"


@pytest.mark.fault(1, "kill -9 a worker between the mail server's answer and its commit")
def test_a_mail_that_comes_twice_has_one_message_id(fault: Row, receiver: Receiver) -> None:
    alice = reachable("alice")
    for _ in fault.run(short=1, full=10):
        with transaction.atomic():
            ask(event_id=uuid.uuid4(), recipient=alice.pk, kind="incident", facts={"title": "Late"})
        notice = Notice.objects.filter(channel="email").latest("pk")

        # given: a worker handed the mail in, and was killed
        run_to_death(DIES, str(notice.pk))
        assert len(receiver.mails(message_id=message_id(notice))) == 1
        notice.refresh_from_db()
        assert (notice.state, notice.attempts) == ("sending", 1)

        # when: another gets the message; while the dead one's lease runs it does not acknowledge it
        with running("relay", "worker"):
            again = Notice.objects.filter(pk=notice.pk, state="sent")
            wait_for(again.exists, within=90, what="the second attempt")

        # then: the mail came once more, and a mailbox can tell that it is the same
        notice.refresh_from_db()
        assert (notice.state, notice.attempts) == ("sent", 2)
        assert len(receiver.mails(message_id=message_id(notice))) == 2
