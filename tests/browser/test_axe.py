"""Pages that everybody can use: WCAG 2.2 A and AA by axe with no rule left out, nothing wider than the screen and no
text cut off, also with text of twice the size, a focus that is seen wherever it goes, nothing that moves where that is
not wanted, and no word in the browser's console.

In `make test` most places are looked at once; `make browser-full` looks at each in light and dark, at 360 and 1280 px,
each of both with text of twice the size, and at 320 px. FORKROAD_PLACES="money|^order," looks at the places of these
names alone, rare ones too.
"""

from __future__ import annotations

import pytest

from messaging import topology
from tests.browser.busy_places import BUSY
from tests.browser.busy_town import break_something, fill, send_mail
from tests.browser.chromium import chromium
from tests.browser.places import PLACES
from tests.browser.scene import set_scene
from tests.browser.sweep import Sweep
from tests.browser.watch import Watch
from tests.messaging.streams import produce
from tests.notifications.conftest import receiver as receiver
from tests.notifications.receiver import Receiver
from tests.system import running


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_every_page_is_for_everybody(namespace: str, receiver: Receiver) -> None:
    # given
    topology.apply()
    scene = set_scene()
    watch = Watch()
    complaints: list[str] = []
    with running("web", env={"FORKROAD_DEMO": "true", **receiver.env()}) as system, chromium() as browser:
        sweep = Sweep(browser, watch, system, scene)
        # when: before much has happened, and after
        complaints += sweep.over(PLACES)
        told = fill(scene)
        produce(told["orders.events"])
        send_mail()
        break_something(system.home)
        complaints += sweep.over(BUSY)
    # then: all that is wrong, at once
    assert not complaints, "\n".join(complaints)
    assert watch.outside == []
