"""The list of checks, and the running of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.db import connection, transaction

from orders import restaurant_events

from . import accepted, couriers, drained, fees, history, money, notices, posts, readmodels, streams
from .report import Check, Result, Violation


def run_checks(*, final: bool, accepted_file: Path | None, replay: bool) -> Iterator[Result]:
    """Run every check in turn, each result as it is known.

    final: also demand that every accepted order has ended. accepted_file: order ids that a client was promised.
    replay: also rebuild each read model from the stream and compare.
    """
    committed = streams.committed_versions()
    groups = streams.live_generations()
    stream = streams.read_stream()
    checks = [
        Check("one_courier", "one courier", "no order has two couriers", couriers.one_courier),
        Check("history_names_one_courier", "one courier", "nor had, at any time", couriers.history_names_one_courier),
        Check("order_names_its_courier", "one courier", "each order names its own", couriers.order_names_its_courier),
        Check("within_capacity", "one courier", "no courier ever had too many orders", couriers.within_capacity),
        Check("history_is_whole", "every listener", "each change has its history row", history.history_is_whole),
        Check(
            "changes_in_kafka",
            "every listener",
            f"{sum(committed.values())} committed changes stand in Kafka, in order",
            partial(streams.changes_in_kafka, committed, stream),
        ),
        Check(
            "changes_reached_groups",
            "every listener",
            f"and have reached {', '.join(sorted(groups)) or 'no group'}",
            partial(streams.changes_reached_groups, committed, groups),
        ),
        *(
            Check(
                f"{name}_equals_history", "every listener", f"{name} equals a fold of the history", one_snapshot(fold)
            )
            for name, fold in readmodels.FOLDS.items()
        ),
        Check(
            "audit_chain_holds", "every listener", "no audit entry was changed or removed", readmodels.audit_chain_holds
        ),
        Check("outbox_is_empty", "nothing lost", "the outbox is empty", drained.outbox_is_empty),
        Check("no_dead_letters", "nothing lost", "there is no dead letter", drained.no_dead_letters),
        Check("no_parked_records", "nothing lost", "no record is parked", drained.no_parked_records),
        Check("payments_in_kafka", "every listener", "each payment's facts stand in Kafka", money.payments_in_kafka),
        Check(
            "facts_are_told",
            "every listener",
            "and each person was told of theirs",
            one_snapshot(notices.facts_are_told),
        ),
        Check(
            "posts_have_begun",
            "every listener",
            "each restaurant's post is on its way",
            lambda: posts.posts_have_begun(streams.read_stream(restaurant_events.TOPIC, with_types=True)),
        ),
        Check(
            "posts_are_told",
            "every listener",
            "and has told each follower once, where it is through",
            one_snapshot(posts.posts_are_told),
        ),
        Check("fee_shown_was_charged", "nothing lost", "each order's fee is the one shown", fees.fee_shown_was_charged),
        Check("fees_by_the_record", "every listener", "and the fee record says the same", fees.fees_by_the_record),
        Check("ledger_balances", "nothing lost", "the ledger balances to zero", money.ledger_balances),
        Check("ledger_equals_payments", "nothing lost", "it is captures less refunds", money.ledger_equals_payments),
        Check("gateway_agrees", "nothing lost", "and the payment gateway says the same", money.gateway_agrees),
    ]
    if final:
        checks.insert(
            3, Check("accepted_orders_ended", "one courier", "accepted orders ended", couriers.accepted_orders_ended)
        )
        checks.append(Check("payments_ended", "nothing lost", "ended orders are paid or let go", money.payments_ended))
        checks.append(Check("posts_are_finished", "nothing lost", "each post is through", posts.posts_are_finished))
        checks.append(Check("notices_are_tried", "nothing lost", "each notice was tried", notices.notices_are_tried))
    if accepted_file is not None:
        ids = accepted.read_accepted(accepted_file)
        run = partial(accepted.accepted_exist, ids)
        checks.append(Check("accepted_exist", "nothing lost", f"{len(ids)} orders answered with success exist", run))
    if replay:
        checks += [
            Check(f"{name}_rebuilds", "replay", f"{name} rebuilds from the stream", partial(readmodels.rebuilds, name))
            for name in readmodels.replayable()
        ]
    for check in checks:
        began = time.monotonic()
        yield Result(check, list(check.run()), time.monotonic() - began)


def one_snapshot(fold: Callable[[], Iterator[Violation]]) -> Callable[[], Iterator[Violation]]:
    """The check inside one repeatable-read snapshot: a group's rows, offsets and sequences commit together."""

    def run() -> Iterator[Violation]:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield from list(fold())

    return run
