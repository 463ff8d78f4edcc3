"""The city as vector layers for its maps: no tiles, nothing from outside, only what the city's own tables hold.

Zones have a name and restaurants, and no border: a zone's area is what lies nearest to its middle. Couriers ride in
straight lines here, so the ways between neighbouring restaurants are the streets.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from statistics import fmean
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from delivery.models import Zone
from orders.models import Restaurant

#: Longitude, latitude: GeoJSON's order.
Point = tuple[float, float]

#: Share of the city's width that the outer zones reach beyond the last restaurant.
MARGIN = 1.6


@require_GET
@cache_control(max_age=600, public=True)
def city_layers(request: HttpRequest) -> JsonResponse:
    """GeoJSON: a polygon a zone (`name`, `middle` of what it holds), lines for the ways between restaurants."""
    names = dict(Zone.objects.values_list("slug", "name"))
    shops = list(Restaurant.objects.order_by("pk").values_list("zone", "longitude", "latitude"))
    features = [
        *(
            _feature("Polygon", [ring], kind="zone", name=names.get(zone, zone), middle=middle)
            for zone, ring, middle in _areas(shops)
        ),
        _feature("MultiLineString", _ways([(east, north) for _, east, north in shops]), kind="ways"),
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _feature(shape: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": shape, "coordinates": coordinates}}


def _areas(shops: list[tuple[str, float, float]]) -> list[tuple[str, list[Point], Point]]:
    """Each zone's Voronoi cell around the middle of its restaurants, within a frame around all; and that middle."""
    if not shops:
        return []
    of_zone: defaultdict[str, list[Point]] = defaultdict(list)
    for zone, east, north in shops:
        of_zone[zone].append((east, north))
    middles = {zone: (fmean(x for x, _ in own), fmean(y for _, y in own)) for zone, own in of_zone.items()}
    xs, ys = [x for _, x, _ in shops], [y for _, _, y in shops]
    more = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys), 0.01)
    left, right, low, high = min(xs) - more, max(xs) + more, min(ys) - more, max(ys) + more
    frame = [(left, low), (right, low), (right, high), (left, high)]
    areas = []
    for zone, middle in sorted(middles.items()):
        ring = frame
        for other in middles.values():
            if other != middle:
                ring = _nearer(ring, middle, other)
        areas.append((zone, [_rounded(point) for point in [*ring, *ring[:1]]], _rounded(middle)))
    return areas


def _nearer(ring: list[Point], here: Point, there: Point) -> list[Point]:
    """What of a convex ring is nearer to one point than to another (Sutherland and Hodgman 1974)."""
    # Degrees of longitude are shorter: counted at half, near enough for 48 degrees north and a border nobody drew.
    nx, ny = (there[0] - here[0]) * 0.44, there[1] - here[1]
    middle = ((here[0] + there[0]) / 2, (here[1] + there[1]) / 2)

    def beyond(point: Point) -> float:
        return (point[0] - middle[0]) * nx + (point[1] - middle[1]) * ny

    kept: list[Point] = []
    for a, b in pairwise([*ring, *ring[:1]]):
        da, db = beyond(a), beyond(b)
        if da <= 0:
            kept.append(a)
        if da * db < 0:
            share = da / (da - db)
            kept.append((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share))
    return kept


def _ways(points: list[Point]) -> list[list[Point]]:
    """The edges of the restaurants' Delaunay triangulation, without its long outer ones."""
    unique = sorted(set(points))
    if len(unique) < 4:
        return [[_rounded(a), _rounded(b)] for a, b in pairwise(unique)]
    # Imported late: only this page needs so much of SciPy.
    from scipy.spatial import Delaunay, QhullError

    try:
        triangles = Delaunay(unique).simplices
    except QhullError:
        # All on one line.
        return [[_rounded(a), _rounded(b)] for a, b in pairwise(unique)]
    edges = {tuple(sorted((int(a), int(b)))) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    lengths = sorted(_length(unique[a], unique[b]) for a, b in edges)
    longest = 2.5 * lengths[len(lengths) // 2]
    return [
        [_rounded(unique[a]), _rounded(unique[b])] for a, b in sorted(edges) if _length(unique[a], unique[b]) <= longest
    ]


def _length(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 * 0.44 + (a[1] - b[1]) ** 2) ** 0.5)


def _rounded(point: Point) -> Point:
    return round(point[0], 5), round(point[1], 5)
