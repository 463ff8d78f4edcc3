"""What the page of the market shows: each zone as it stands, its last hour, and what stood out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from messaging.consuming.positions import live_generation

from .apply import GROUP
from .models import Anomaly, MarketBucket
from .robust import BUCKET

#: A zone whose newest bucket is this old is silent now.
SILENT = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Point:
    """Means of a bucket's ticks; `at` is wall time."""

    at: datetime
    demand: float
    supply: float


@dataclass(frozen=True, slots=True)
class Market:
    """A zone's kept buckets, oldest first."""

    zone: str
    points: list[Point]

    @property
    def now(self) -> Point:
        return self.points[-1]

    @property
    def silent_for(self) -> timedelta | None:
        """Wall time since the newest bucket ended, where that is too long."""
        quiet = timezone.now() - self.now.at - timedelta(seconds=BUCKET)
        return quiet if quiet > SILENT else None


@dataclass(slots=True)
class Episode:
    """Neighbouring anomalies of a kind in a zone; the value is the worst of them."""

    zone: str
    kind: str
    words: str
    began: datetime
    ended: datetime
    value: float
    usual: float


def markets(*, hours: float = 1.0) -> list[Market]:
    """Every zone that was ever heard of, by name."""
    since = int((timezone.now().timestamp() - hours * 3600) / BUCKET)
    live = MarketBucket.objects.filter(generation=live_generation(GROUP))
    newest = live.order_by("key", "-bucket").distinct("key").values_list("pk", flat=True)
    rows = (live.filter(bucket__gte=since) | live.filter(pk__in=list(newest))).order_by("key", "bucket")
    found: dict[str, list[Point]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(Point(row.began, row.demand / row.ticks, row.supply / row.ticks))
    return [Market(zone, points) for zone, points in found.items()]


def episodes(*, limit: int = 40) -> list[Episode]:
    """What stood out, latest first."""
    live = Anomaly.objects.filter(generation=live_generation(GROUP))
    rows = live.order_by("-bucket")[: 20 * limit]
    return list(_joined(sorted(rows, key=lambda row: (row.zone, row.kind, row.bucket))))[:limit]


def _joined(rows: Iterable[Anomaly]) -> list[Episode]:
    found: list[Episode] = []
    for row in rows:
        last = found[-1] if found else None
        ended = row.began + timedelta(seconds=BUCKET)
        if last and (last.zone, last.kind, last.ended) == (row.zone, row.kind, row.began):
            last.ended, last.value = ended, max(last.value, row.value)
        else:
            words = Anomaly.Kind(row.kind).label
            found.append(Episode(row.zone, row.kind, words, row.began, ended, row.value, row.usual))
    return sorted(found, key=lambda episode: episode.ended, reverse=True)
