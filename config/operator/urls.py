"""Addresses of the operator's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.city, name="operator"),
    path("roads", views.roads, name="operator-roads"),
    path("orders/", views.orders, name="operator-orders"),
    path("orders/<uuid:order_id>/", views.story, name="operator-story"),
    path("orders/<uuid:order_id>/cancel", views.cancel, name="operator-cancel"),
]
