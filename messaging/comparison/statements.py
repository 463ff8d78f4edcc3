"""The list of statements: a name, the sentence one reads in guides, and what shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .blocking import blocking
from .dead import dead
from .dedup import dedup
from .delay import delay
from .kept import kept
from .notes import Notes
from .once import once
from .order import order
from .priority import priority
from .replay import replay
from .scale import scale
from .slow import slow
from .speed import speed
from .stage import Stage
from .taken import taken
from .who import who

Show = Callable[[Stage, Notes], None]


@dataclass(frozen=True, slots=True)
class Statement:
    name: str
    text: str
    show: Show


STATEMENTS = (
    Statement("who", "A message on SQS goes to one receiver; a message on Kafka goes to every group.", who),
    Statement("taken", "Once taken, a message on SQS is seen by nobody else, unless its taker dies.", taken),
    Statement("kept", "SQS keeps a message up to 14 days and it is gone when deleted; Kafka as long as you say.", kept),
    Statement("replay", "Kafka can be read again, from the start or from a moment on; SQS cannot.", replay),
    Statement("order", "SQS keeps order as far as it can, FIFO within a group; Kafka within a partition.", order),
    Statement("blocking", "Where order is kept, one slow message holds up those behind it.", blocking),
    Statement("scale", "SQS takes as many receivers as you like; a Kafka group as many as partitions.", scale),
    Statement("speed", "Both are fast; for one message SQS is a call, Kafka is a stream.", speed),
    Statement("delay", "SQS can deliver later; Kafka cannot.", delay),
    Statement("priority", "Neither knows urgent messages.", priority),
    Statement("dead", "SQS sets a message aside that cannot be handled; on Kafka the reader must.", dead),
    Statement("dedup", "An SQS FIFO queue drops a message sent twice; elsewhere the reader must notice.", dedup),
    Statement("once", "Neither delivers exactly once to your database; your database can see to it.", once),
    Statement("slow", "A slow reader hurts its own Kafka group only; on SQS the others take its share.", slow),
)
