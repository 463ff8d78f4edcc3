"""How heavy a page is: the scripts and styles that its HTML names, gzipped, from the files that are served."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

#: Of a style sheet within the page (`config/templatetags/styles.py`) its file is named, too.
ASSET = re.compile(r"""<(?:script[^>]*\ssrc|link[^>]*\srel="stylesheet"[^>]*\shref|style[^>]*\sdata-file)="([^"?]+)""")

#: Bytes, gzipped: of all scripts of a page, of those of a page with a map, and of all styles of a page.
SCRIPT, SCRIPT_WITH_MAP, STYLE = 60_000, 110_000, 25_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of a page, each file gzipped by itself."""

    scripts: int
    styles: int
    with_map: bool

    @property
    def fits(self) -> bool:
        return self.scripts <= (SCRIPT_WITH_MAP if self.with_map else SCRIPT) and self.styles <= STYLE


def weigh(html: str) -> Weight:
    """Of what the page loads at once; LookupError names a file that is not there."""
    files = {path: gzipped(path) for path in assets(html)}
    return Weight(
        scripts=sum(size for path, size in files.items() if path.endswith(".js")),
        styles=sum(size for path, size in files.items() if path.endswith(".css")),
        with_map=any("leaflet" in path for path in files),
    )


def assets(html: str) -> Iterator[str]:
    """Scripts and styles by their paths below the static files' address."""
    for address in ASSET.findall(html):
        yield address.removeprefix(settings.STATIC_URL)


@cache
def gzipped(path: str) -> int:
    found = finders.find(path)
    if not isinstance(found, str):
        raise LookupError(f"The page names {path}, which no static folder holds.")
    return len(gzip.compress(Path(found).read_bytes(), compresslevel=6))
