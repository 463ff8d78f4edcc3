"""The web server's entry."""

import os

# Each request runs in a thread of its own under ASGI: a pool spares it the connection's set-up.
os.environ.setdefault("FORKROAD_POOL", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

django = get_asgi_application()

# Its models need Django to be set up.
from config.live.ingest import with_positions  # noqa: E402

application = with_positions(django)
