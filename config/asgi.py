"""The web server's entry."""

import os

# Each request runs in a thread of its own under ASGI: a pool spares it the connection's set-up.
os.environ.setdefault("FORKROAD_POOL", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
