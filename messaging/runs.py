"""Writing down runs of commands, several in one statement.

Each run is written twice, before the command's own work and after it, and each write is a commit that waits for the
disk. Threads of one worker that come to write at the same time share a commit: whoever gets there first writes for
all who wait behind. Alone, a thread waits for nobody.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DatabaseError, connection
from psycopg import Cursor

from .models import TaskRun

#: One statement, so that it is one round trip and one commit; JSON, because arrays cost the driver three times as much.
WRITE = """
WITH ended AS (
  UPDATE messaging_taskrun AS run
  SET outcome = got.outcome, error = got.error, finished_at = now()
  FROM json_to_recordset(%s::json) AS got (id bigint, outcome text, error text)
  WHERE run.id = got.id
)
INSERT INTO messaging_taskrun (task_id, task, queue, key, receive_count, worker, outcome, error, started_at)
SELECT got.*, 'running', '', now()
FROM json_to_recordset(%s::json)
  AS got (task_id uuid, task text, queue text, key text, receive_count int, worker text)
RETURNING id, task_id, receive_count
"""


@dataclass(slots=True, eq=False)
class Begun:
    """A run that begins; `id` is its row once it is written."""

    task_id: uuid.UUID
    task: str
    queue: str
    key: str
    receive_count: int
    worker: str
    id: int = 0
    written: bool = False
    fault: Exception | None = None


@dataclass(slots=True, eq=False)
class Ended:
    id: int
    outcome: TaskRun.Outcome
    error: str
    written: bool = False
    fault: Exception | None = None


class Writer:
    """Shared by all threads of a process. A write returns when it is committed, or raises what kept it from that."""

    def __init__(self) -> None:
        self._waiting: deque[Begun | Ended] = deque()
        self._writing = threading.Lock()

    def write(self, entry: Begun | Ended) -> None:
        """Raises django.db.DatabaseError."""
        self._waiting.append(entry)
        with self._writing:
            if not entry.written:
                self._write_all()
        if entry.fault is not None:
            raise entry.fault

    def _write_all(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            _execute(batch)
        except DatabaseError as error:
            if len(batch) == 1:
                batch[0].fault = error
            else:
                self._write_singly(batch)
        finally:
            for entry in batch:
                entry.written = True

    def _write_singly(self, batch: Sequence[Begun | Ended]) -> None:
        """One entry that the database refuses, or a connection that broke, is no fault of the others."""
        for entry in batch:
            connection.close_if_unusable_or_obsolete()
            try:
                _execute([entry])
            except DatabaseError as error:
                entry.fault = error


def _execute(batch: Sequence[Begun | Ended]) -> None:
    begun = [entry for entry in batch if isinstance(entry, Begun)]
    ended = [entry for entry in batch if isinstance(entry, Ended)]
    ends = [{"id": entry.id, "outcome": entry.outcome, "error": entry.error} for entry in ended]
    begins = [
        {
            "task_id": str(entry.task_id),
            "task": entry.task,
            "queue": entry.queue,
            "key": entry.key,
            "receive_count": entry.receive_count,
            "worker": entry.worker,
        }
        for entry in begun
    ]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # Past Django's own cursor, which sends a statement as text to be planned anew each time: planning this one takes
    # longer than doing it.
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        made = cursor.execute(WRITE, [json.dumps(ends), json.dumps(begins)], prepare=True).fetchall()
    # A statement may return its rows in any order; and SQS may hand one message out twice, for two threads to begin.
    rows: defaultdict[tuple[uuid.UUID, int], list[int]] = defaultdict(list)
    for id, task_id, receive_count in made:
        rows[task_id, receive_count].append(id)
    for entry in begun:
        entry.id = rows[entry.task_id, entry.receive_count].pop()


writer = Writer()
