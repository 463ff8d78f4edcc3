"""One post to all who follow: this project's fan-out beside the loop people write first, in one run.

    python -m benchmarks.fanout [--json] [--followers N] [--slice N] [--processes N]

Every follower has asked for e-mail beside the inbox, so each has two notices and one that a worker must send. Ours goes
the whole road: the restaurant's post, relay, Kafka, consumer group, fan-out, ranges. The clock runs from the post's
commit until SQS has acknowledged the last command; the notices are in PostgreSQL by then. Sending itself is left out on
both sides: the commands go to a queue that nobody reads, and are counted there.

The naive loop reads the followers into a list and calls `.delay` for each; it is timed over a slice and told as a rate.
"One message a follower" sends as many messages as the loop, ten to a call from four threads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks import outbox
from benchmarks.processes import Process, memory, running, wait
from benchmarks.report import Measure, emit

ROOT = Path(__file__).resolve().parents[1]
WORKER = ("-Q", "notices", "-P", "threads", "-c", "4", "--without-mingle", "--without-gossip", "-l", "WARNING")
FIRST = 1_000_000

PEOPLE = """
    INSERT INTO accounts_user (id, username, password, role, is_superuser, first_name, last_name, email, is_staff,
        is_active, date_joined)
    SELECT n, 'follower-' || n, '', 'customer', false, '', '', n || '@example.org', false, true, now()
    FROM generate_series(%s::bigint, %s::bigint) AS n
"""
FOLLOWS = """
    INSERT INTO notifications_follower (restaurant_id, user_id)
    SELECT %s, n FROM generate_series(%s::bigint, %s::bigint) AS n
"""
WANTS = """
    INSERT INTO notifications_preference (user_id, kind, channel, wanted)
    SELECT n, 'post', 'email', true FROM generate_series(%s::bigint, %s::bigint) AS n
"""


@dataclass
class Ours:
    """What one post did: wall seconds, counts, and MiB of each sample of the workers' memory together."""

    seconds: float
    told: int
    commands: int
    ranges: int
    notices: int
    doubles: int
    on_the_queue: int
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """The last quarter's peak ÷ the second quarter's: 1 is flat."""
        quarter = max(1, len(self.memory) // 4)
        early = max((mib for _, mib in self.memory[quarter : 2 * quarter]), default=1.0)
        return max((mib for _, mib in self.memory[-quarter:]), default=1.0) / early

    @property
    def peak(self) -> float:
        return max((mib for _, mib in self.memory), default=0.0)


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """A throwaway stack; this process's Django works on it."""
    with outbox.servers({"max_wal_size": "2GB"}) as env:
        os.environ |= env | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        yield


def make_followers(restaurant: int, count: int) -> None:
    from django.db import connection

    last = FIRST + count - 1
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [FIRST, last])
        cursor.execute(FOLLOWS, [restaurant, FIRST, last])
        cursor.execute(WANTS, [FIRST, last])
        # As autovacuum would have done long since for rows that gathered over months.
        cursor.execute("ANALYZE accounts_user, notifications_follower, notifications_preference")


def measure(followers: int, *, processes: int) -> tuple[Ours, str, int]:
    """Ours, with the post's id and its restaurant's, for the rivals."""
    from notifications.models import Post
    from orders import posts

    owner, restaurant = found_restaurant()
    make_followers(restaurant, followers)
    samples: list[tuple[float, float]] = []
    worker = ("-m", "celery", "-A", "config", "worker", *WORKER, "--include", "benchmarks.naive_fanout.aside")
    workers = [(*worker, "-n", f"bench{number}@%h") for number in range(processes)]
    with running(("manage.py", "relay"), ("manage.py", "consume", "followers"), *workers, within=120) as started:
        stop = threading.Event()
        sampler = threading.Thread(target=sample, args=(started[2:], samples, stop), daemon=True)
        began = database_clock()
        event = posts.post("Kitchen open late, 20 % off", by=owner)
        sampler.start()
        wait(
            lambda: Post.objects.filter(pk=event, finished_at__isnull=False).exists(),
            within=120 + followers / 1000,
            what="the post to be finished",
            every=0.25,
        )
        stop.set()
        sampler.join()
    return counted(event, since=began, samples=samples), str(event), restaurant


def sample(workers: Sequence[Process], samples: list[tuple[float, float]], stop: threading.Event) -> None:
    began = time.monotonic()
    while not stop.wait(0.25):
        with contextlib.suppress(psutil.Error):
            samples.append((time.monotonic() - began, sum(memory(workers))))


def found_restaurant() -> tuple[Any, int]:
    from accounts.models import Role, User
    from orders.models import Restaurant

    owner = User.objects.create(username="bench-kitchen", role=Role.RESTAURANT)
    place = {"cuisine": "soup", "zone": "centre", "latitude": 48.2, "longitude": 16.37}
    return owner, Restaurant.objects.create(user=owner, name="Bench Kitchen", slug="bench-kitchen", **place).pk


def counted(event: uuid.UUID, *, since: float, samples: list[tuple[float, float]]) -> Ours:
    from django.db import connection

    from messaging.sqs.client import queue_url, shared_client

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM p.finished_at), sum(r.told), sum(r.commands), count(*)"
            " FROM notifications_post p JOIN notifications_postrange r ON r.post_id = p.event_id"
            " WHERE p.event_id = %s GROUP BY p.finished_at",
            [event],
        )
        finished, told, commands, ranges = cursor.fetchone()
        cursor.execute(
            "SELECT count(*), coalesce(sum(n - 1), 0), count(DISTINCT recipient_id) FROM (SELECT recipient_id,"
            " count(*) OVER (PARTITION BY recipient_id, channel) AS n"
            " FROM notifications_notice WHERE event_id = %s) AS each",
            [event],
        )
        notices, doubles, people = cursor.fetchone()
    names: Any = ["ApproximateNumberOfMessages"]
    depth = shared_client().get_queue_attributes(QueueUrl=queue_url("alerts"), AttributeNames=names)["Attributes"]
    if people != told:
        raise SystemExit(f"{told} people are counted as told, and {people} have a notice")
    return Ours(
        seconds=float(finished) - since,
        told=int(told),
        commands=int(commands),
        ranges=int(ranges),
        notices=int(notices),
        doubles=int(doubles),
        on_the_queue=int(depth[names[0]]),
        memory=samples,
    )


def database_clock() -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])


def naive(post: str, restaurant: int, some: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.naive_fanout.loop", post, str(restaurant), str(some)],
        cwd=ROOT,
        env=os.environ | {"LOG_LEVEL": "WARNING"},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one_message_each(some: int, *, threads: int = 4) -> float:
    """Messages a second where each carries one follower, ten to a call."""
    from messaging.sqs.client import new_client, queue_url
    from messaging.sqs.send import message_body

    url, each = queue_url("dispatch"), max(1, some // (10 * threads))

    def send(thread: int) -> None:
        client = new_client()
        for call in range(each):
            entries: list[Any] = [
                {
                    "Id": str(n),
                    "MessageBody": message_body(
                        task="notices.send", task_id=str(uuid.uuid4()), kwargs={"notice": call + n}, queue="dispatch"
                    ),
                }
                for n in range(10)
            ]
            client.send_message_batch(QueueUrl=url, Entries=entries)

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, range(threads)))
    return threads * each * 10 / (time.perf_counter() - began)


def judge(ours: Ours, loop: dict[str, float], each: float, *, followers: int) -> Iterator[Measure]:
    rate = ours.told / ours.seconds
    rivals = {"naive loop": loop["rate"], "one message a follower": each}
    ratios = {name: rate / value for name, value in rivals.items()}
    yield Measure(
        "fanout",
        f"{followers:,} followers, enqueued",
        "followers/s",
        rate,
        rivals,
        ratios,
        "≥ 10 × the naive loop",
        rate >= 10 * loop["rate"],
    )
    yield Measure("fanout", "post to the last command on the queue", "s", ours.seconds)
    yield Measure("fanout", "commands on the queue", "commands/s", (ours.commands + ours.ranges) / ours.seconds)
    yield Measure(
        "fanout",
        "followers told, of those there are",
        "",
        ours.told,
        target=f"= {followers}, none twice, each command on the queue",
        met=ours.told == followers
        and ours.notices == 2 * followers
        and ours.doubles == 0
        and ours.on_the_queue == ours.commands,
    )
    yield Measure(
        "fanout",
        "memory of the workers, end over beginning",
        "×",
        ours.growth,
        target="flat: ≤ 1.1",
        met=ours.growth <= 1.1,
    )
    yield Measure("fanout", "memory, all workers, highest", "MiB", ours.peak, {"naive loop's list": loop["memory"]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--followers", type=int, default=100_000, help="of the restaurant (default 100000)")
    parser.add_argument("--slice", type=int, default=600, help="tasks of the naive loop (default 600)")
    parser.add_argument("--processes", type=int, default=2, help="worker processes of four threads (default 2)")
    options = parser.parse_args()
    with servers():
        import django

        django.setup()
        from django.core.management import call_command

        from messaging import topology

        call_command("migrate", verbosity=0)
        topology.apply()
        print("measuring ours", file=sys.stderr)
        ours, post, restaurant = measure(options.followers, processes=options.processes)
        print("measuring the naive loop", file=sys.stderr)
        loop = naive(post, restaurant, options.slice)
        each = one_message_each(options.slice * 2)
        emit(judge(ours, loop, each, followers=options.followers), as_json=options.json)


if __name__ == "__main__":
    main()
