"""What makes the courier's page an app that can be installed: its manifest, its worker, and its page without a net."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

#: Files that the worker keeps, so that the page opens in a cellar. No answer about an offer or money is ever kept.
SHELL = [
    "forkroad/forkroad.css",
    "delivery/courier.css",
    "delivery/courier-queue.js",
    "delivery/courier-away.js",
    "forkroad/icon.svg",
]
WORKER = "delivery/courier-worker.js"


@require_GET
@cache_control(max_age=600, public=True)
def manifest(request: HttpRequest) -> JsonResponse:
    """What a telephone needs to put it among its apps. Signing in is outside /courier/, and part of the app.

    The icons are drawn from the project's by `python -m docs.icons`.
    """
    answer = JsonResponse(
        {
            "id": reverse("delivery:courier"),
            "name": "Forkroad for couriers",
            "short_name": "Forkroad",
            "description": "Offers, the way, and what you have earned.",
            "lang": "en-GB",
            "start_url": reverse("delivery:courier"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#faf5ee",
            "theme_color": "#a8321a",
            "icons": [
                {"src": static("delivery/icon-192.png"), "sizes": "192x192", "type": "image/png"},
                {"src": static("delivery/icon-512.png"), "sizes": "512x512", "type": "image/png"},
                {
                    "src": static("delivery/icon-maskable-512.png"),
                    "sizes": "512x512",
                    "type": "image/png",
                    "purpose": "maskable",
                },
            ],
        }
    )
    answer["Content-Type"] = "application/manifest+json"
    return answer


@require_GET
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with what it keeps. A changed file changes the worker, and the browser fetches all anew."""
    kept = {
        "version": _version(),
        "page": reverse("delivery:no-connection"),
        "start": reverse("delivery:courier"),
        "files": [static(name) for name in SHELL],
    }
    script = f"const KEPT = {json.dumps(kept)};\n{_file(WORKER).read_text(encoding='utf-8')}"
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@require_GET
@cache_control(max_age=0, public=True)
def no_connection(request: HttpRequest) -> HttpResponse:
    """What the app shows where the server cannot be reached. The same for everybody: it is kept on the telephone."""
    return render(request, "delivery/no_connection.html")


def _version() -> str:
    digest = hashlib.sha256()
    for path in [*map(_file, [*SHELL, WORKER]), Path(__file__).parents[1] / "templates/delivery/no_connection.html"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _file(name: str) -> Path:
    found = finders.find(name)
    assert found is not None, f"{name} is not among the static files"
    return Path(found)
