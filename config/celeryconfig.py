"""Celery's settings; each line that differs from the default says what it guards against."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from messaging.names import QUEUES

broker_url = "sqs://"
broker_transport = "messaging.sqs.transport:Transport"
broker_connection_retry_on_startup = True
broker_transport_options = {
    # Plain names: the transport asks the server where this namespace's queues are.
    "queues": sorted(set(QUEUES.values())),
    "wait_time_seconds": settings.SQS_WAIT_SECONDS,
    "polling_interval": 0,
    # Renewed while its command runs, so that a worker that died is missed after one timeout, and a command that
    # never ends after ten.
    "visibility_timeout": settings.VISIBILITY_SECONDS,
    "visibility_limit": 10 * settings.VISIBILITY_SECONDS,
    "back_off_cap": settings.VISIBILITY_SECONDS,
    "max_receives": settings.MAX_RECEIVES,
    # Nothing is received while PostgreSQL is away: else an outage would send to the dead letters what it meets.
    "answers": "messaging.reachable:database_answers",
}

task_routes = {f"{family}.*": {"queue": queue} for family, queue in QUEUES.items()}
task_queues: dict[str, dict[str, Any]] = {
    queue: {"exchange": "", "routing_key": queue} for queue in sorted(set(QUEUES.values()))
}
task_default_queue = "alerts"
# A misspelt `-Q` ends the worker instead of consuming from nowhere.
task_create_missing_queues = False

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_store_errors_even_if_ignored = False

# Acknowledged when done; a task that raised, or whose process was killed, is left to SQS's redrive policy.
task_acks_late = True
task_reject_on_worker_lost = True
task_acks_on_failure = False
task_acks_on_timeout = False

# Under prefork only: threads cannot be stopped, so calls to the outside run under prefork.
task_time_limit = settings.TASK_LIMIT_SECONDS
task_soft_time_limit = settings.TASK_LIMIT_SECONDS * 0.8

# One running and one waiting a slot; `messaging.sqs.reach` takes more while commands are fast.
worker_prefetch_multiplier = 2
worker_enable_prefetch_count_reduction = False
# SQS carries no broadcast, and the queues made for one are never cleaned up.
worker_enable_remote_control = False
worker_send_task_events = False
# SIGQUIT lets running tasks end for so long before it ends them.
worker_soft_shutdown_timeout = settings.TASK_LIMIT_SECONDS
worker_hijack_root_logger = False
worker_redirect_stdouts = False

# `config.celery` keeps connections as Django does; Celery's own way is a new connection for every task.
CELERY_DB_REUSE_MAX = 10**9
