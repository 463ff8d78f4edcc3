"""The icons of the courier's app, drawn from the project's own: `python -m docs.icons`.

Telephones want pictures of fixed sizes. A maskable one is cut to any shape by the telephone, so its drawing keeps to
the middle and its colour fills the corners.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.chromium import chromium

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "config/static/forkroad/icon.svg"
TO = ROOT / "delivery/static/delivery"

#: File, pixels of a side, share of it that the drawing fills, colour behind it.
PICTURES = [
    ("icon-192.png", 192, 1.0, "transparent"),
    ("icon-512.png", 512, 1.0, "transparent"),
    ("icon-maskable-512.png", 512, 0.8, "#a8321a"),
]


def main() -> int:
    drawing = SOURCE.read_text(encoding="utf-8")
    with chromium() as browser:
        for name, side, share, behind in PICTURES:
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(
                f"<style>body {{ margin: 0; height: 100vh; display: grid; place-items: center; background: {behind} }}"
                f" svg {{ width: {share:.0%}; height: {share:.0%} }}</style>{drawing}"
            )
            page.screenshot(path=TO / name, omit_background=True)
            page.close()
            print(TO / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
