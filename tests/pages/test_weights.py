"""What a page may weigh, and how well its colours are read: counted from the files, so that nobody has to be quick."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.design import colours
from config.design.weights import SCRIPT, SCRIPT_WITH_MAP, STYLE, assets, weigh
from config.templatetags.forkroad import STATUSES
from config.templatetags.icons import ICONS
from tests import factories
from tests.browser.busy_places import EVERYWHERE
from tests.browser.busy_town import fill
from tests.browser.scene import set_scene

from .conftest import sign_in
from .growing import fill_basket


@pytest.mark.django_db
def test_no_page_is_heavier_than_its_budget(namespace: str) -> None:
    # given
    scene = set_scene()
    fill(scene)
    people = {place.who for place in EVERYWHERE}
    clients = {who: sign_in(User.objects.get(username=who)) if who else Client() for who in people}
    fill_basket(scene, clients["alice"])
    # when
    weights, baskets = {}, []
    for place in EVERYWHERE:
        answer = clients[place.who].get(place.onward or place.address(scene))
        if place.onward:
            baskets.append(answer.context["lines"])
        if not answer.streaming:
            weights[place.name] = weigh(answer.content.decode())
    # then
    assert {name: weight for name, weight in weights.items() if not weight.fits} == {}
    # and: the numbers are of something
    assert weights["order, cooking"].with_map and weights["order, cooking"].scripts > 40_000
    assert not weights["home"].with_map and weights["home"].scripts > 15_000 < SCRIPT < SCRIPT_WITH_MAP
    assert 4_000 < weights["home"].styles < STYLE
    # and: what is in a basket lies in each that is looked at
    assert len(baskets) == 4 and all(baskets)


def test_a_file_that_is_nowhere_is_named() -> None:
    html = '<link rel="stylesheet" href="/static/forkroad/none.css"><script src="/static/a.js" defer></script>'
    assert list(assets(html)) == ["forkroad/none.css", "a.js"]
    with pytest.raises(LookupError, match=r"forkroad/none\.css"):
        weigh(html)


def test_every_pair_of_colours_can_be_read() -> None:
    assert [(pair.front, pair.back, pair.light, pair.dark) for pair in colours.pairs() if not pair.fits] == []
    light, dark = colours.themes()
    assert set(light) == set(dark)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48)],
)
def test_contrast_is_counted_as_wcag_has_it(one: str, other: str, ratio: float) -> None:
    assert round(colours.contrast(one, other), 2) == ratio == round(colours.contrast(other, one), 2)


@pytest.mark.django_db
def test_the_design_page_shows_every_icon_and_status(client: Client) -> None:
    factories.make_restaurant()
    page = client.get(reverse("design")).content.decode()
    assert [name for name in ICONS if f"icon-{name}" not in page] == []
    assert [label for label, _ in STATUSES.values() if label not in page] == []
    assert "<strong>no</strong>" not in page
