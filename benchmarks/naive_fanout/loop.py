"""The loop people write first: the followers in a list, and a task for each.

    python -m benchmarks.naive_fanout.loop POST RESTAURANT SLICE

Prints a JSON object: tasks a second over the first SLICE followers, and MiB that the list of all of them takes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import django
import psutil
from celery import Celery

django.setup()

from messaging.sqs.client import queue_url  # noqa: E402
from notifications.models import Follower  # noqa: E402

_url = urlsplit(queue_url("payments"))

app: Any = Celery("naive")
app.conf.update(
    broker_url=f"sqs://x:x@{_url.netloc}",
    broker_transport_options={
        "predefined_queues": {"payments": {"url": _url.geturl()}},
        "region": os.environ["AWS_REGION"],
        "is_secure": False,
    },
    task_default_queue="payments",
    task_ignore_result=True,
)


@app.task(name="payments.naive_tell")  # type: ignore[untyped-decorator]
def tell(post: str, user: int) -> None:
    """Never run here: only its publishing is measured."""


def main() -> None:
    post, restaurant, some = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    process = psutil.Process()
    before = process.memory_info().rss
    followers = list(Follower.objects.filter(restaurant_id=restaurant).order_by("user_id"))
    memory = (process.memory_info().rss - before) / 2**20
    for follower in followers[:20]:
        tell.delay(post, follower.user_id)
    began = time.perf_counter()
    for follower in followers[:some]:
        tell.delay(post, follower.user_id)
    rate = min(some, len(followers)) / (time.perf_counter() - began)
    print(json.dumps({"rate": rate, "memory": memory, "followers": len(followers)}))


if __name__ == "__main__":
    main()
