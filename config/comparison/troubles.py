"""What went wrong on each road while this was built, where the guide tells it, and the test in which it happens."""

from __future__ import annotations

from dataclasses import dataclass

from .costs import BOTH, KAFKA, SQS


@dataclass(frozen=True, slots=True)
class Trouble:
    """`section` is a heading's anchor in docs/guide/what-goes-wrong.md, `test` a file below tests/ and a name in it."""

    road: str
    what: str
    section: str
    test: tuple[str, str]


TROUBLES = (
    Trouble(
        SQS,
        "After one failed receive the worker never asks again, and looks alive.",
        "the-transport-that-stops-receiving",
        ("messaging/sqs/test_receiving.py", "test_worker_with_stock_kombu_never_receives_again"),
    ),
    Trouble(
        SQS,
        "A command that outlasts its visibility timeout runs beside itself.",
        "the-command-that-runs-beside-itself",
        ("messaging/sqs/test_holding.py", "test_with_stock_kombu_it_runs_beside_itself"),
    ),
    Trouble(
        SQS,
        "A queue that was emptied by mistake forgets who was to be called.",
        "lost-wake-ups",
        ("faults/test_sqs_server.py", "test_the_sweeper_brings_back_what_sqs_lost"),
    ),
    Trouble(
        KAFKA,
        "Two members believe that they own a partition.",
        "rebalance",
        ("faults/test_guards_events.py", "test_the_lock_of_the_stored_offset_alone_keeps_two_owners_apart"),
    ),
    Trouble(
        KAFKA,
        "One record that cannot be read stops its partition.",
        "poison",
        ("faults/test_poison_record.py", "test_row_8_poison_holds_its_own_key_alone"),
    ),
    Trouble(
        KAFKA,
        "A topic is deleted and made again: the same name, other offsets.",
        "the-topic-that-is-lost",
        ("faults/test_topic_lost.py", "test_row_22_a_topic_lost_is_filled_again_and_replayed"),
    ),
    Trouble(
        BOTH,
        "The database has it and the broker has not.",
        "dual-writes",
        ("faults/test_relay.py", "test_row_10_killed_between_acknowledgement_and_delete"),
    ),
    Trouble(
        BOTH,
        "A reader of the outbox with a cursor passes over what commits late.",
        "skipped-ids",
        (
            "messaging/relay/test_order.py",
            "test_a_row_whose_transaction_commits_late_is_sent_though_later_ids_went_before_it",
        ),
    ),
)
