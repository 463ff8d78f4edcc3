"""From events to promised notices: each once, by what its recipient wants."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from config.verify.notices import facts_are_told
from messaging.consuming.group import get_group
from messaging.models import OutboxRow, ParkedRecord
from notifications.asking import Ask, ask, ask_many
from notifications.models import Channel, Device, Notice, OrderText, Preference
from notifications.preferences import say
from notifications.words import headline_of, words_of
from tests import factories
from tests.messaging.streams import NOON, Record

from .telling import Story, commands, fact, person, read, read_order, read_story, ten_times

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

State = Notice.State
INBOX = ["placed", "accepted", "assigned", "picked_up", "delivered", "receipt", "refund"]


def kinds(channel: str, **filters: object) -> list[str]:
    return list(Notice.objects.filter(channel=channel, **filters).order_by("pk").values_list("kind", flat=True))


def test_an_orders_facts_reach_the_inbox_and_its_receipt_the_mail() -> None:
    alice = person()
    story = Story(alice)

    read_story(story)

    assert kinds("inbox", state=State.SENT, attempts=1, recipient=alice, about=story.order) == INBOX
    assert kinds("email", state=State.QUEUED, attempts=0) == ["receipt", "refund"]
    assert kinds("push") == []
    queued = Notice.objects.filter(channel="email").order_by("pk").values_list("pk", flat=True)
    # A command carries the notice's id, and nothing else.
    assert commands() == [{"notice": pk} for pk in queued]
    kept = OrderText.objects.get()
    assert (kept.restaurant, kept.subtotal, kept.delivery_fee, kept.total) == ("Soup & Sons", 2450, 290, 2740)


def test_every_fact_ten_times_and_shuffled_is_told_once() -> None:
    stories = [Story(person(name)) for name in ("alice", "bob")]
    records: dict[str, list[Record]] = {"orders.events": [], "payments.transactions": []}
    for story in stories:
        for topic, found in story.records().items():
            records[topic] += found

    for topic, record in ten_times(records, random.Random(7)):
        read([record], topic=topic)

    rows = Counter(Notice.objects.values_list("event_id", "recipient", "channel"))
    assert (len(rows), set(rows.values())) == (2 * (len(INBOX) + 2), {1})
    assert len(commands()) == 4
    assert OrderText.objects.count() == 2
    assert not ParkedRecord.objects.exists()


def test_the_group_may_not_be_replayed() -> None:
    assert not get_group("notifications").replayable


def test_without_an_address_no_mail_is_sent_and_the_row_says_so() -> None:
    read_story(Story(person(email=False)))

    mails = Notice.objects.filter(channel="email").values_list("kind", "state", "reason")
    assert set(mails) == {(kind, "skipped", "the account has no e-mail address") for kind in ("receipt", "refund")}
    assert commands() == []


def test_what_was_turned_off_is_not_sent_on_that_channel() -> None:
    alice, bob = person(), person("bob")
    say(alice.pk, "receipt", Channel.EMAIL, wanted=False)
    say(alice.pk, "placed", Channel.INBOX, wanted=False)

    read_story(Story(alice))
    read_story(Story(bob))

    assert kinds("email", recipient=alice, state=State.QUEUED) == ["refund"]
    assert kinds("inbox", recipient=alice, state=State.SENT) == INBOX[1:]
    skipped = Notice.objects.filter(recipient=alice, state=State.SKIPPED).values_list("kind", "channel", "reason")
    assert set(skipped) == {
        ("placed", "inbox", "turned off by its recipient"),
        ("receipt", "email", "turned off by its recipient"),
    }
    # And of nobody else anything changed.
    assert kinds("email", recipient=bob, state=State.QUEUED) == ["receipt", "refund"]
    assert len(commands()) == 3


def test_what_was_turned_on_is_sent_though_it_is_off_by_default() -> None:
    alice = person()
    say(alice.pk, "delivered", Channel.EMAIL, wanted=True)

    read_story(Story(alice))

    assert kinds("email") == ["delivered", "receipt", "refund"]


def test_push_is_promised_to_people_with_a_browser_alone() -> None:
    alice, bob = person(), person("bob")
    Device.objects.create(user=bob, endpoint="https://fcm.googleapis.com/x", p256dh="a", auth="b")

    read_story(Story(alice))
    read_story(Story(bob))

    assert kinds("push", recipient=alice) == []
    assert kinds("push", recipient=bob, state=State.QUEUED) == ["accepted", "picked_up", "delivered", "refund"]


@pytest.mark.parametrize(
    ("how", "by"), [("cancelled", "operator"), ("cancelled", "customer"), ("rejected", "restaurant")]
)
def test_an_end_without_a_meal_is_told_by_mail_too(how: str, by: str) -> None:
    story = Story(person())

    read([fact(story.order, 1, story.placed()), story.cancelled(status=how, by=by)])

    told = Notice.objects.filter(kind="cancelled").order_by("channel")
    assert [(notice.channel, notice.facts["how"], notice.facts["by"]) for notice in told] == [
        ("email", how, by),
        ("inbox", how, by),
    ]


def test_a_refused_refund_is_told_with_its_reason() -> None:
    story = Story(person())
    records = story.records()
    read(records["orders.events"])

    read([records["payments.transactions"][0], story.refused("It came <in time>")], topic="payments.transactions")

    inbox, mail = (Notice.objects.get(kind="refund", channel=channel) for channel in ("inbox", "email"))
    headline = headline_of(inbox, OrderText.objects.get())
    assert headline.subject == "€ 4.50 is not given back"
    assert headline.short == f"For order {story.order[:8].upper()} at Soup & Sons: It came <in time>"
    words = words_of(mail, unsubscribe="https://forkroad.example/u")
    assert "It is not given back, because: It came <in time>" in words.text
    assert "because: It came &lt;in time&gt;" in words.html and "Your refund was refused" in words.html


def test_a_fact_of_somebody_who_is_gone_tells_nobody_and_stops_nothing() -> None:
    gone = person("gone")
    pk = gone.pk
    gone.delete()
    gone.pk = pk

    read_story(Story(gone))

    assert not Notice.objects.exists()
    assert not ParkedRecord.objects.exists()
    assert OrderText.objects.count() == 1


def test_nothing_personal_is_stored_with_a_notice() -> None:
    alice = person()
    read_story(Story(alice))

    for notice in Notice.objects.all():
        assert "alice" not in str(notice.facts)


def test_many_people_are_asked_in_a_few_statements(django_assert_max_num_queries: object) -> None:
    people = [person(f"p{number}") for number in range(30)]
    asks = [Ask(uuid.UUID(int=1), one.pk, "post", "7", {"text": "Kitchen open late"}) for one in people]

    with django_assert_max_num_queries(6):  # type: ignore[operator]
        promised = ask_many(asks)
    again = ask_many(asks)

    assert (promised.rows, promised.commands, len(promised.inboxes)) == (30, 0, 30)
    assert (again.rows, again.commands, again.inboxes) == (0, 0, frozenset())


def test_an_incident_reaches_an_operator() -> None:
    operator = factories.make_operator()
    operator.email = "operator@forkroad.example"
    operator.save()

    ask(event_id=uuid.UUID(int=2), recipient=operator.pk, kind="incident", facts={"title": "Late"})

    assert kinds("inbox") == kinds("email") == ["incident"]
    assert OutboxRow.objects.filter(type="notices.send", destination="notices").count() == 1
    assert not Preference.objects.exists()


def test_what_is_heard_of_days_later_is_written_to_nobody() -> None:
    story = Story(person())
    read(story.records()["orders.events"])
    old = [replace(record, time=NOON - timedelta(days=300)) for record in story.records()["payments.transactions"]]

    read(old, topic="payments.transactions")

    assert kinds("inbox", state=State.SENT) == INBOX
    late = Notice.objects.filter(channel="email").values_list("kind", "state", "reason")
    assert set(late) == {(kind, "skipped", "heard of too late to tell anybody") for kind in ("receipt", "refund")}
    assert commands() == []


def test_verify_names_a_fact_that_nobody_was_told_of() -> None:
    order = factories.paid_order()
    read_order(order)
    assert list(facts_are_told()) == []

    Notice.objects.filter(kind="placed").delete()

    (found,) = facts_are_told()
    assert (found.subject, "order.placed" in found.detail, "inbox" in found.detail) == (str(order.pk), True, True)
