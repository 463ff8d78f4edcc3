"""The rival of `benchmarks.positions`: the same site without its short way, all through Django."""

import os

os.environ.setdefault("FORKROAD_POOL", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
