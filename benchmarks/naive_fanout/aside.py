"""Loaded by the benchmark's workers: commands that send go to a queue that nobody reads, so that they can be counted.

What is measured is telling a million people, not a million mails. Everything before that is as it always is.
"""

from __future__ import annotations

from notifications.fanout import telling

telling.QUEUE = "alerts"
