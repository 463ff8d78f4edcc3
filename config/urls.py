"""Addresses of the whole site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from orders.views.browse import home

from .api import api
from .design.views import design
from .follows import change, follows
from .health import healthz
from .live.board_views import live_board
from .live.map_views import live_map
from .live.views import live
from .metrics import metrics
from .problems import unknown_address

urlpatterns = [
    path("", home, name="home"),
    path("", include("accounts.urls")),
    path("", include("orders.urls")),
    path("", include("delivery.urls")),
    path("", include("notifications.urls")),
    path("following/", follows, name="follows"),
    path("following/<int:restaurant_id>", change, name="follows-change"),
    path("analytics/", include("analytics.urls")),
    path("operator/", include("config.operator.urls")),
    path("", include("config.comparison.urls")),
    path("design", design, name="design"),
    path("live/", live, name="live"),
    path("live/board/", live_board, name="live-board"),
    path("live/map/", live_map, name="live-map"),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("api/<path:rest>", unknown_address),
    path("healthz", healthz),
    path("metrics", metrics, name="metrics"),
]
