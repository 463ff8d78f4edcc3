"""No page is forgotten: each address is a place that is looked over, or stands in a list that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve

from tests.browser.busy_places import EVERYWHERE
from tests.browser.busy_town import fill
from tests.browser.places import NO_PAGES
from tests.browser.scene import Scene, set_scene
from tests.browser.test_admin import ADMIN

#: Left to what makes them: the API describes itself, and of the admin's pages one of each kind is looked over
#: (test_admin.py).
OTHERS = {"admin", "api"}


def names_of(patterns: Any, namespace: str = "") -> Iterator[str]:
    """Every named address, with its room's name before it."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield f"{namespace}{pattern.name}"
        elif pattern.namespace not in OTHERS:
            yield from names_of(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)


@pytest.fixture
def scene(namespace: str, db: None) -> Scene:
    there = set_scene()
    fill(there)
    return there


def test_every_page_is_looked_over(scene: Scene) -> None:
    there_is = [place for place in EVERYWHERE if place.console != "404"]
    paths = [place.onward or place.address(scene) for place in there_is]
    seen = {resolve(urlsplit(path).path).view_name for path in paths}
    known = seen | set().union(*NO_PAGES.values())
    there = set(names_of(get_resolver().url_patterns))
    assert sorted(there - known) == [], "Add it to tests/browser/places.py: to PLACES, or to NO_PAGES with its reason."
    gone = sorted(name for name in known - there if not name.startswith("admin:"))
    assert gone == [], "tests/browser/places.py names addresses that are gone."


def test_each_place_has_a_name_of_its_own() -> None:
    names = [place.name for place in [*EVERYWHERE, *ADMIN]]
    assert sorted(names) == sorted(set(names))


def test_a_press_is_no_page(scene: Scene) -> None:
    """What is called a press answers no look: an address that shows something is a page."""
    client = Client()
    client.force_login(scene.alice)
    order = scene.orders["delivered"].pk
    for name in ("rate", "again", "cancel", "problem"):
        assert client.get(f"/orders/{order}/{name}").status_code == 405
