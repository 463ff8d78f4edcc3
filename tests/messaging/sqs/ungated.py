"""The project's app without its gate: commands are received whatever is away."""

from __future__ import annotations

from config.celery import app as app

app.conf.broker_transport_options.pop("answers")
