"""Pages, styles and scripts cross a slow line gzipped: a third of the bytes, and so a third of the wait."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

#: Event streams are not among them: a line that waits in a compressor's buffer is late. Nor are files to download and
#: the API's small answers.
COMPRESSED = {
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "image/svg+xml",
    "application/geo+json",
    "application/manifest+json",
}


class Compress(GZipMiddleware):
    """Django's own, which pads what it compresses, so that a secret's length says nothing; for whole answers alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.get("Content-Type", "").partition(";")[0]
        # A part of a file, compressed, would be no part of it.
        if kind not in COMPRESSED or response.status_code == 206:
            return response
        return super().process_response(request, response)
