"""A message that is taken, hidden, and comes back when its taker died."""

from __future__ import annotations

import time

from .notes import Notes
from .queues import give_back, send, take, take_all
from .sources import VISIBILITY
from .stage import Stage
from .topics import join, produce, read

#: Seconds for which the message is hidden, and receives after which it is a dead letter.
HIDDEN = 2
LIMIT = 2


def taken(stage: Stage, notes: Notes) -> None:
    url = stage.queue("taken", dead_after=LIMIT, VisibilityTimeout=HIDDEN)
    notes.do(f"one message, hidden for {HIDDEN} s by who takes it, who then dies; a dead letter after {LIMIT} receives")
    send(stage.client, url, ["order-17"])
    began = time.monotonic()
    [first] = take_all(stage.client, url, 1)
    others = take(stage.client, url)
    # On a machine that was stopped for long enough between the two it is no longer hidden, and nothing is wrong.
    in_time = time.monotonic() - began < HIDDEN
    notes.sqs(f"taken (receive count {first.count}); nobody else sees it meanwhile", held=not others or not in_time)
    second = (others or take_all(stage.client, url, 1))[0]
    back = time.monotonic() - began
    notes.sqs(f"back {back:.1f} s later, receive count {second.count}", held=second.count == LIMIT)
    give_back(stage.client, url, second)
    third = take(stage.client, url, wait=1)
    dead = take_all(stage.client, stage.dead_of("taken"), 1)
    notes.sqs(
        "at the limit SQS itself moved it to the dead-letter queue",
        held=not third and [one.body for one in dead] == ["order-17"],
    )

    topic, group = stage.topic("taken"), stage.group("taken")
    produce(stage.producer, topic, ["order-17", "order-18"])
    member = stage.consumer(group=group)
    join(member, topic)
    before = [record.offset for record in read(member, 2)]
    stage.leave(member)
    heir = stage.consumer(group=group)
    join(heir, topic)
    after = [record.offset for record in read(heir, 2)]
    stage.leave(heir)
    notes.kafka(
        f"a member read offsets {before} and died; the next of its group read {after}: all since what was stored",
        held=before == after == [0, 1],
    )
    notes.build("Kafka: a group counts no attempts and hides nothing; a limit and dead letters are the reader's own")
    notes.build("SQS: work that outlasts the timeout must renew it, or it is handed out beside itself")
    notes.cite(VISIBILITY)
