"""The public pages of the comparison, and who may have it played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from config.comparison import costs
from config.comparison.playing import names
from config.embedded.paths import CHECKOUT
from messaging.comparison import keeping
from messaging.comparison.notes import Notes, Result
from messaging.models import ComparisonRun, OutboxRow
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db


def played() -> None:
    """A run of two statements, one of which is contradicted."""
    notes = Notes(drawing={"parties": 4, "takers": [0, 1, 2, 3, 0, 1]})
    notes.sqs("1,000 of 1,000 messages were seen by exactly one receiver")
    notes.table("Who got how many", ("", "no. 1"), (("receivers of the queue", 1000),))
    other = Notes(drawing={"parties": [1, 2, 4, 8], "receivers": [50, 90, 170, 250], "members": [60, 110, 190, 190]})
    other.kafka("of 8 members <4> had a partition", held=False)
    run = keeping.begin(["who", "scale"], quick=True)
    keeping.note(run, Result("who", "A message goes to one.", notes, 2.0))
    keeping.note(run, Result("scale", "As many as you like.", other, 3.0))
    keeping.end(run)


def page(client: Client, **headers: str) -> str:
    return client.get(reverse("compare"), headers=headers).content.decode()


def test_before_any_run_it_says_how_to_make_one(anybody: Client) -> None:
    text = page(anybody)
    assert "Not run yet" in text and "python manage.py compare" in text
    assert "Run it" not in text


def test_anybody_sees_what_happened_drawn_and_as_a_table(anybody: Client) -> None:
    played()
    text = page(anybody)
    assert f"1 of {len(names())} shown" in text
    assert "1,000 of 1,000 messages were seen by exactly one receiver" in text
    assert "Otherwise than stated:" in text and "of 8 members &lt;4&gt; had a partition" in text
    assert text.count('class="flies') == 6 + 4 * 6
    assert "<td>receiver 2</td><td>all 4 groups</td>" in text
    assert text.count("<polyline") == 2
    assert "Run again" not in text


def test_an_operator_has_it_played_once_and_watches(anybody: Client) -> None:
    operator = sign_in(factories.make_operator())
    assert "Run it" in page(operator)
    assert operator.post(reverse("compare-run")).status_code == 302
    assert operator.post(reverse("compare-run"), follow=True).content.decode().count("Nothing was started") == 1
    assert OutboxRow.objects.filter(type="alerts.compare").count() == 1
    run = ComparisonRun.objects.get()
    assert run.statements == names()
    assert 'hx-trigger="every 2s"' in page(anybody) and "Asked for" in page(anybody, **{"HX-Request": "true"})
    taken = keeping.take(run.pk)
    assert taken is not None
    assert f"Trying 1 of {len(names())}: who" in page(anybody, **{"HX-Request": "true"})
    keeping.end(taken)
    # Then the page is asked for anew.
    answer = anybody.get(reverse("compare"), headers={"HX-Request": "true"})
    assert (answer.content, answer.headers["HX-Refresh"]) == (b"", "true")


def test_others_may_not_have_it_played(anybody: Client) -> None:
    assert anybody.post(reverse("compare-run")).status_code == 302
    assert sign_in(factories.alice()).post(reverse("compare-run")).status_code == 403
    assert sign_in(factories.make_operator()).get(reverse("compare-run")).status_code == 405
    assert (ComparisonRun.objects.count(), OutboxRow.objects.count()) == (0, 0)


def test_choose_asks_six_questions_and_answers_without_a_script(anybody: Client) -> None:
    text = anybody.get(reverse("choose")).content.decode()
    assert text.count("<fieldset") == 6 and "Where this was chosen here" not in text
    assert "worker-payments" in text and "After one failed receive" in text
    half = anybody.get(reverse("choose"), {"who": "one"}).content.decode()
    assert "All six have to be answered." in half and 'value="one" required checked' in half
    given = {"who": "act", "runs": "people", "much": "many", "again": "ever", "soon": "now", "order": "key"}
    whole = anybody.get(reverse("choose"), given).content.decode()
    assert "Both: an outbox, a queue and a topic" in whole
    assert "orders/lifecycle.py" in whole and "docs/guide/both-together.md" in whole


def test_every_page_leads_there(anybody: Client) -> None:
    text = anybody.get(reverse("choose")).content.decode()
    assert f'href="{reverse("compare")}">Kafka or SQS?' in text


@pytest.fixture
def _count_anew() -> Iterator[None]:
    costs._counted.cache_clear()
    yield
    costs._counted.cache_clear()


@pytest.mark.usefixtures("_count_anew")
def test_a_checkout_that_is_written_to_costs_the_page_its_count_alone(
    anybody: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a file that is there by half
    checkout = CHECKOUT
    (tmp_path / "config/settings").mkdir(parents=True)
    (tmp_path / "config/settings/brokers.py").write_text("KAFKA_CLIENT = {")
    monkeypatch.setattr(costs, "CHECKOUT", tmp_path)
    # when, then
    answer = anybody.get(reverse("choose"))
    assert answer.status_code == 200
    assert "could not be read just now" in answer.content.decode()
    # and: once it is whole, it is counted
    monkeypatch.setattr(costs, "CHECKOUT", checkout)
    assert "could not be read" not in anybody.get(reverse("choose")).content.decode()
