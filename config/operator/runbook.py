"""What the runbook says of a kind of incident, for the page that shows one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

ROOT = Path(__file__).resolve().parents[2]

#: A heading of the runbook that is an incident's kind, and what stands below it until the next heading.
ENTRY = re.compile(r"^### `(?P<kind>\w+)`\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


@cache
def entries(path: Path = ROOT / "docs" / "operations.md") -> dict[str, str]:
    """The runbook's entries by kind, as Markdown; none where the documents were not installed."""
    if not path.is_file():
        return {}
    return {found["kind"]: found["text"].strip() for found in ENTRY.finditer(path.read_text(encoding="utf-8"))}


def runbook_of(kind: str) -> SafeString:
    """The entry of a kind as HTML: paragraphs, code and emphasis, which is all that the entries use."""
    paragraphs = [" ".join(text.split()) for text in entries().get(kind, "").split("\n\n") if text.strip()]
    return mark_safe("".join(f"<p>{_inline(text)}</p>" for text in paragraphs))


def _inline(text: str) -> str:
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", escape(text))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
