"""The style sheet's own colours, and how well one is read on another (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STYLE = Path(__file__).resolve().parents[1] / "static" / "forkroad" / "forkroad.css"

#: What text needs at least, and what the line of a field or of the focus needs.
TEXT, LINE = 4.5, 3.0

Theme = Mapping[str, str]

#: Every (foreground, background) in use, what it is for, and what it needs.
PAIRS: tuple[tuple[str, str, str, float], ...] = (
    ("ink", "paper", "text on the page", TEXT),
    ("ink", "card", "text on a card", TEXT),
    ("ink", "sunk", "text on a lane", TEXT),
    ("ink", "brand-wash", "text of what is chosen", TEXT),
    ("soft", "paper", "what is said beside, on the page", TEXT),
    ("soft", "card", "what is said beside, on a card", TEXT),
    ("soft", "sunk", "what is said beside, on a lane", TEXT),
    ("brand", "paper", "links on the page", TEXT),
    ("brand", "card", "links on a card", TEXT),
    ("brand", "sunk", "links on a lane", TEXT),
    ("brand", "brand-wash", "the letter of a restaurant", TEXT),
    ("brand-ink", "brand", "the main button", TEXT),
    ("wait", "wait-wash", "a badge: waits", TEXT),
    ("work", "work-wash", "a badge: in work", TEXT),
    ("good", "good-wash", "a badge: done", TEXT),
    ("bad", "bad-wash", "a badge: ended badly", TEXT),
    ("bad", "card", "an error at its field", TEXT),
    ("bad", "paper", "an error on the page", TEXT),
    ("soft", "card", "the line round a field", LINE),
    ("focus", "paper", "the focus on the page", LINE),
    ("focus", "card", "the focus on a card", LINE),
    ("focus", "sunk", "the focus on a lane", LINE),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """How two colours go together, by day and by night, as ratios."""

    front: str
    back: str
    what_for: str
    needed: float
    #: The colours themselves, front and back.
    by_day: tuple[str, str]
    by_night: tuple[str, str]

    @property
    def light(self) -> float:
        return contrast(*self.by_day)

    @property
    def dark(self) -> float:
        return contrast(*self.by_night)

    @property
    def fits(self) -> bool:
        return min(self.light, self.dark) >= self.needed


@cache
def themes() -> tuple[Theme, Theme]:
    """The light and the dark colours by name, as #rrggbb."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)[:2]
    return _colours(light), _colours(dark)


def pairs() -> list[Pair]:
    light, dark = themes()
    return [
        Pair(front, back, what_for, needed, (light[front], light[back]), (dark[front], dark[back]))
        for front, back, what_for, needed in PAIRS
    ]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two #rrggbb, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _colours(block: str) -> Theme:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
