from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.embedded.ports import HOST

from .receiver import Receiver


@pytest.fixture
def receiver(tmp_path: Path, settings: Any) -> Iterator[Receiver]:
    """A mail server and push service of this test alone, to which this process sends."""
    there = Receiver(tmp_path / "received.sqlite3")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, there.smtp_port
    settings.RECEIVER_URL = settings.WEBPUSH_LOCAL_URL = there.url
    # On a busy machine a slow answer is no fault.
    settings.EMAIL_TIMEOUT = settings.NOTICE_TIMEOUT_SECONDS = 20
    yield there
    there.stop()
