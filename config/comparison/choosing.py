"""Six answers to one road: a pure function, with the reasons and the places here where the same choice was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SQS, KAFKA, BOTH, NEITHER = "SQS", "Kafka", "both", "neither"


@dataclass(frozen=True, slots=True)
class Answer:
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    text: str
    answers: tuple[Answer, ...]


QUESTIONS = (
    Question(
        "who",
        "Who must get a message?",
        (
            Answer("one", "one worker, whichever is free"),
            Answer("all", "every interested party, each for itself"),
            Answer("act", "one must act on it, and others must hear of it"),
            Answer("own", "only code that shares this database"),
        ),
    ),
    Question(
        "runs",
        "Who runs the broker?",
        (
            Answer("rented", "nobody here: it is rented"),
            Answer("people", "people who know how to run one"),
            Answer("nobody", "nobody; there is a database, and it shall stay at that"),
        ),
    ),
    Question(
        "much",
        "How much is it?",
        (
            Answer("few", "up to a hundred messages a second"),
            Answer("many", "up to some thousands a second"),
            Answer("flood", "tens of thousands a second, or more"),
        ),
    ),
    Question(
        "again",
        "Must what has been handled be read again?",
        (
            Answer("never", "no: done is done"),
            Answer("days", "for some days, for mending mistakes"),
            Answer("ever", "from the beginning: audits, new readers, new models"),
        ),
    ),
    Question(
        "soon",
        "How soon must it be handled?",
        (
            Answer("now", "within a second or so"),
            Answer("later", "at a time to be named, or after a failure later each time"),
            Answer("whenever", "it may wait"),
        ),
    ),
    Question(
        "order",
        "Does order matter?",
        (
            Answer("none", "no"),
            Answer("key", "within one order, one customer, one account"),
            Answer("total", "over everything"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where this project made such a choice: a module, names in it, and a chapter of docs/guide."""

    what: str
    module: str
    names: tuple[str, ...]
    chapter: str


PLACES: dict[str, tuple[Place, ...]] = {
    SQS: (
        Place(
            "payments: one worker calls the provider", "orders/payments/tasks.py", ("authorise",), "payment-worker.md"
        ),
        Place("one mail to one person", "notifications/sending.py", ("deliver",), "confirmation-emails.md"),
        Place("a round of dispatch in a zone", "delivery/tasks.py", ("dispatch_zone",), "one-order-one-courier.md"),
    ),
    KAFKA: (
        Place("the readers of every order's story", "analytics/groups.py", (), "live-dashboard.md"),
        Place("an audit from the first event on", "analytics/audit/apply.py", ("apply",), "audit-and-replay.md"),
    ),
    BOTH: (
        Place(
            "an accepted order: told to all, and a round called for",
            "orders/lifecycle.py",
            ("accept", "record"),
            "both-together.md",
        ),
        Place("the outbox that owes both", "messaging/outbox.py", ("publish", "send"), "both-together.md"),
    ),
    NEITHER: (
        Place("an offer's deadline is a column", "delivery/duties.py", ("expire_offers",), "README.md"),
        Place("that a zone has work is a counter", "delivery/dispatch.py", ("request",), "one-order-one-courier.md"),
    ),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A road; `form` says in which form, `reasons` why, `mind` what it will cost nonetheless."""

    road: str
    form: str
    reasons: tuple[str, ...]
    mind: tuple[str, ...]
    places: tuple[Place, ...]


def read(given: Mapping[str, str]) -> dict[str, str]:
    """Answers that are among those offered; others count as not given."""
    return {
        question.name: given[question.name]
        for question in QUESTIONS
        if given.get(question.name) in {answer.value for answer in question.answers}
    }


def advise(answers: Mapping[str, str]) -> Advice:
    """The road for six answers.

    Raises:
        KeyError: a question has no answer.
    """
    road, form, reasons = _road(answers)
    return Advice(road, form, (*reasons, *_more(road, answers)), tuple(_mind(road, answers)), PLACES[road])


def _road(answers: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    who, runs, much, again = (answers[name] for name in ("who", "runs", "much", "again"))
    modest = much != "flood"
    if who == "own" and modest:
        return (
            NEITHER,
            "a table and a worker behind it",
            ("Who shares the database needs no second place to write to.",),
        )
    if runs == "nobody" and modest and who in ("one", "act"):
        return (
            NEITHER,
            "a table, read with SKIP LOCKED",
            ("A database with room to spare hands out work well enough, in the transaction that makes it.",),
        )
    if who == "act":
        return BOTH, "an outbox, a queue and a topic", ("The command is for one, the fact is for all: two messages.",)
    if who == "one" and again != "never":
        return (
            BOTH,
            "the work on a queue, what came of it on a topic",
            ("A queue forgets what was done. What is to be read again is the fact, not the command.",),
        )
    if who == "one" and not modest and answers["order"] == "key":
        return (
            KAFKA,
            "a topic with many partitions, one group",
            ("So much in order within a key is what partitions are for; a FIFO queue counts its calls.",),
        )
    if who == "one":
        return SQS, _queue(answers), ("One party acts, and more load wants more workers, nothing else.",)
    if who == "all" and again == "never" and modest and runs != "people":
        return (
            SQS,
            "a queue for each reader, SNS before them",
            ("Few readers without a past: a copy for each is less to run than a log.",),
        )
    return (
        KAFKA,
        "a topic and a group for each reader",
        ("Each reader goes at its own pace, and a new one takes nothing from the others.",),
    )


def _queue(answers: Mapping[str, str]) -> str:
    return "a standard queue" if answers["order"] == "none" else "a FIFO queue"


def _more(road: str, answers: Mapping[str, str]) -> list[str]:
    """Reasons that speak for the road beside the one that decided."""
    found = []
    if road in (SQS, BOTH) and answers["soon"] == "later":
        found.append("A queue delays by itself, and brings back later what failed; a log does neither.")
    if road in (KAFKA, BOTH) and answers["again"] == "ever":
        found.append("A topic that is kept is the past itself: a new reader begins at its beginning.")
    if road == KAFKA and answers["much"] == "flood":
        found.append("Thousands of records a poll make a write of many rows out of many events.")
    if road in (KAFKA, BOTH) and answers["order"] == "key":
        found.append("A partition keeps the order of each key in it.")
    if road == SQS and answers["runs"] == "rented":
        found.append("Nothing of it has to be run, watched or upgraded here.")
    if road == NEITHER and answers["soon"] != "now":
        found.append("A deadline is a column, and a sweeper that looks once a second finds it.")
    return found


def _mind(road: str, answers: Mapping[str, str]) -> list[str]:
    """What stays to be built or borne."""
    found = []
    if road == SQS and answers["order"] != "none":
        found.append("A FIFO queue takes 300 calls a second of each kind unless set for more, and holds a group up.")
    if road == KAFKA and answers["who"] == "one":
        found.append("No more members than partitions, and a slow record holds up those behind it.")
    if road == KAFKA and answers["soon"] == "later":
        found.append("Kafka has no delay: keep the deadline in a table, or a topic for each delay.")
    if road in (KAFKA, BOTH) and answers["runs"] == "nobody":
        found.append("Somebody must run the brokers after all, or rent them.")
    if road == BOTH:
        found.append("Two writes need an outbox and a relay, or one of them will be missing one day.")
    if road in (KAFKA, BOTH) and answers["order"] == "total":
        found.append("Order over everything means one partition, and one reader at a time.")
    if road == NEITHER and answers["again"] == "ever":
        found.append("Keep the rows, number each change under its row's lock, and never read by a cursor of ids.")
    if road != NEITHER:
        found.append("It may come twice: a unique index or a stored offset makes its effect single.")
    return found
