"""Styles come with the page that needs them, under its own policy; what parts say of each other is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.browser.busy_places import EVERYWHERE
from tests.browser.busy_town import fill
from tests.browser.scene import set_scene

from .conftest import sign_in
from .growing import fill_basket

SHEET = re.compile(r'<style nonce="([^"]+)" data-file="([^"]+)">(.*?)</style>', re.DOTALL)
#: Attributes that name other elements by their ids.
POINTERS = re.compile(r'\b(?:aria-(?:labelledby|describedby|controls)|for|form|list)="([^"]+)"')
IDS = re.compile(r'\bid="([^"]+)"')


@pytest.mark.django_db
def test_a_page_is_dressed_without_asking_again(client: Client) -> None:
    answer = client.get(reverse("home"))
    page = answer.content.decode()
    ((nonce, name, text),) = SHEET.findall(page)
    found = finders.find(name)
    assert (name, text) == ("forkroad/forkroad.css", Path(str(found)).read_text(encoding="utf-8"))
    assert f"'nonce-{nonce}'" in answer["Content-Security-Policy"]
    assert 'rel="stylesheet"' not in page
    # and: no two answers share a nonce
    assert SHEET.findall(client.get(reverse("home")).content.decode())[0][0] != nonce


def test_no_sheet_ends_before_its_end() -> None:
    folder = Path(str(finders.find("forkroad/forkroad.css"))).parents[3]
    sheets = list(folder.glob("*/static/*/*.css"))
    assert len(sheets) > 5 and [path for path in sheets if "</" in path.read_text(encoding="utf-8")] == []


def test_without_a_request_there_is_a_link() -> None:
    text = Template("{% load styles %}{% style 'forkroad/forkroad.css' %}").render(Context())
    assert text == '<link rel="stylesheet" href="/static/forkroad/forkroad.css">'


@pytest.mark.django_db
def test_what_is_named_by_an_id_is_there(namespace: str) -> None:
    # given
    scene = set_scene()
    fill(scene)
    people = {place.who for place in EVERYWHERE}
    clients = {who: sign_in(User.objects.get(username=who)) if who else Client() for who in people}
    fill_basket(scene, clients["alice"])
    # when
    lost = {}
    for place in EVERYWHERE:
        answer = clients[place.who].get(place.onward or place.address(scene), follow=True)
        page = "" if answer.streaming else answer.content.decode()
        ids = set(IDS.findall(page))
        named = {name for names in POINTERS.findall(page) for name in names.split()}
        if named - ids:
            lost[place.name] = named - ids
    # then
    assert lost == {}
