"""For load balancers and supervisors: whether this process answers. `manage.py doctor` looks at the rest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def healthz(request: HttpRequest) -> HttpResponse:
    """200 "ok", without a look at database or brokers: their trouble is no reason to restart a web server."""
    return HttpResponse("ok", content_type="text/plain")
