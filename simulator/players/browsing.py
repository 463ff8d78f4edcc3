"""Looking before ordering: a few of the city's people let themselves be counted, through the browsers' own endpoint."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import httpx

from simulator.api import Api

#: Of those who order, the share that agreed to be counted; of them, how many menus they only look at.
AGREED = 0.5
LOOKED_AT = (0, 1, 1, 2, 3)

PATH = "/analytics/browsing"
COOKIE = {"Cookie": "forkroad_browsing=yes"}


class Browser:
    """One report for each visit, at most: a demo's funnel is alive, and its web server has other things to do."""

    def __init__(self, api: Api, dice: random.Random) -> None:
        self.api = api
        self.dice = dice

    async def visit(self, town: list[dict[str, Any]], menu: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        """Tell of a visit that ends with these lines in the basket; a report that gets lost is lost."""
        if not town or self.dice.random() > AGREED:
            return
        events: list[dict[str, Any]] = [{"type": "searched", "found": len(town)}]
        looked_at = self.dice.sample(town, k=min(len(town), self.dice.choice(LOOKED_AT)))
        events += [{"type": "menu_seen", "restaurant": each["id"], "zone": each["zone"]} for each in looked_at]
        here = {"restaurant": menu["id"], "zone": menu["zone"]}
        events.append({"type": "menu_seen", **here})
        events += [{"type": "put_in", **here, "item": line["item"], "quantity": line["quantity"]} for line in lines]
        if self.dice.random() < 0.15:
            events.append({"type": "taken_out", **here, "item": lines[0]["item"]})
        report = {"visitor": f"{self.dice.getrandbits(128):032x}", "events": events[:50]}
        with contextlib.suppress(httpx.HTTPError):
            await self.api.http.post(PATH, json=report, headers=COOKIE)
