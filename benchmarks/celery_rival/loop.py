"""boto3 alone: receive ten, handle each, delete ten. No framework does less, so this is the limit to measure by."""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import boto3

from .work import note


def consume(url: str) -> None:
    client: Any = boto3.Session().client("sqs", endpoint_url=os.environ["SQS_ENDPOINT_URL"])
    while True:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        messages = answer.get("Messages", [])
        for message in messages:
            payload = json.loads(base64.b64decode(message["Body"]))
            _, kwargs, _ = json.loads(base64.b64decode(payload["body"]))
            note(**kwargs)
        if messages:
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
            client.delete_message_batch(QueueUrl=url, Entries=entries)


def main() -> None:
    url = os.environ["BENCH_QUEUE_URL"]
    threads = [threading.Thread(target=consume, args=(url,), daemon=True) for _ in range(int(sys.argv[1]))]
    for thread in threads:
        thread.start()
    Path(os.environ["FORKROAD_READY_FILE"]).touch()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
