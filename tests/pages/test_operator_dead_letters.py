"""Dead letters on the operator's page: looked at, sent again or set aside with a reason, and written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from messaging.models import DeadLetter, OutboxRow
from messaging.sqs.send import message_body
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def letter(number: int, **changes: Any) -> DeadLetter:
    body = message_body(
        task="alerts.note", task_id="t", kwargs={"text": "a"}, queue="alerts", headers={"key": "o1", "traceparent": ""}
    )
    values = {
        "road": "sqs",
        "source": "alerts",
        "message_id": f"m{number}",
        "type": "alerts.note",
        "key": "o1",
        "body": body.encode(),
        "receive_count": 8,
        "error": "ValueError: <no> template",
        "headers": {"task": "alerts.note"},
    }
    return DeadLetter.objects.create(**(values | changes))


def press(client: Client, word: str, *letters: DeadLetter, reason: str = "the template is mended") -> str:
    body = {"letter": [each.pk for each in letters], "reason": reason}
    return client.post(reverse("operator-dead-letter-settle", args=[word]), body, follow=True).content.decode()


def test_they_are_listed_and_narrowed(operator: Client) -> None:
    letter(1)
    letter(2, road="kafka", source="orders.events", group="metrics", partition=3, offset=41, type="order.odd", key="o2")
    letter(3, state="discarded", type="payments.void")
    page = operator.get(reverse("operator-dead-letters")).content.decode()
    assert page.count('name="letter"') == 2 and "ValueError: &lt;no&gt; template" in page
    narrow = operator.get(reverse("operator-dead-letters"), {"road": "kafka"}).content.decode()
    assert 'name="letter"' in narrow and narrow.count('href="/operator/dead-letters/') == 1
    everything = operator.get(reverse("operator-dead-letters"), {"state": "all"}).content.decode()
    assert everything.count('href="/operator/dead-letters/') == 3 and everything.count('name="letter"') == 2
    assert "None of this kind" in operator.get(reverse("operator-dead-letters"), {"key": "\x00'"}).content.decode()


def test_none_is_good_news(operator: Client) -> None:
    assert "No message waits here" in operator.get(reverse("operator-dead-letters")).content.decode()


def test_one_shows_its_message(operator: Client) -> None:
    one = letter(1, stack="Traceback…")
    page = operator.get(reverse("operator-dead-letter", args=[one.pk])).content.decode()
    assert "received 8 times" in page and "Traceback…" in page and '<th scope="row" class="mono">task</th>' in page
    record = letter(2, road="kafka", group="metrics", partition=3, offset=41, headers=[["ce_type", "order.odd"]])
    page = operator.get(reverse("operator-dead-letter", args=[record.pk])).content.decode()
    assert '<th scope="row" class="mono">ce_type</th>' in page and "order.odd" in page
    for broken in (b"\xff\xfe", None):
        other = letter(3, road="kafka", offset=42, partition=1, body=broken, headers={})
        assert operator.get(reverse("operator-dead-letter", args=[other.pk])).status_code == 200
        other.delete()
    assert operator.get(reverse("operator-dead-letter", args=[2**70])).status_code == 404


def test_sent_again_each_once_and_written_down(operator: Client) -> None:
    one, two = letter(1), letter(2)
    assert "Sent again: 2." in press(operator, "redrive", one, two)
    assert OutboxRow.objects.filter(type="alerts.note").count() == 2
    assert "Nothing was changed of alerts.note" in press(operator, "redrive", one)
    assert OutboxRow.objects.count() == 2
    log = LogEntry.objects.get(object_id=str(one.pk))
    assert (str(log.user), log.change_message) == ("operator", "Sent again: the template is mended")
    page = operator.get(reverse("operator-dead-letter", args=[one.pk])).content.decode()
    assert "the template is mended" in page and "What to do" not in page


def test_set_aside_and_one_that_is_refused_keeps_no_other_from_going(operator: Client) -> None:
    one, gone = letter(1), letter(2, state="redriven")
    page = press(operator, "discard", gone, one, reason="a test of ours")
    assert "Set aside: 1." in page and "is not open any more" in page
    one.refresh_from_db()
    assert one.state == "discarded" and not OutboxRow.objects.exists()


def test_no_reason_no_change(operator: Client) -> None:
    one = letter(1)
    assert "say why" in press(operator, "discard", one, reason="  ")
    assert "choose at least one" in press(operator, "discard")
    assert operator.post(reverse("operator-dead-letter-settle", args=["burn"])).status_code == 404
    one.refresh_from_db()
    assert one.state == "open" and not LogEntry.objects.exists()


def test_only_operators_may() -> None:
    one = letter(1)
    shop, courier, customer = factories.make_restaurant(), factories.make_courier(), factories.alice()
    for user in (shop.user, courier.user, customer):
        client = sign_in(user)
        assert client.get(reverse("operator-dead-letters")).status_code == 403
        assert client.get(reverse("operator-dead-letter", args=[one.pk])).status_code == 403
        body = {"letter": one.pk, "reason": "x"}
        assert client.post(reverse("operator-dead-letter-settle", args=["redrive"]), body).status_code == 403
    one.refresh_from_db()
    assert one.state == "open"


def test_a_full_page_takes_few_queries(operator: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(40):
        letter(number)
    with django_assert_max_num_queries(8):
        operator.get(reverse("operator-dead-letters"))
