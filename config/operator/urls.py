"""Addresses of the operator's pages."""

from __future__ import annotations

from django.urls import path

from . import views
from .couriers import couriers, hand_over
from .fraud import case, cases, judge_case
from .history import history
from .incidents import count, handle, incident, incidents
from .money import decide, money, order_money, refund
from .promises import order_promises, promises
from .scaling import scaling
from .traces import traces

urlpatterns = [
    path("", views.city, name="operator"),
    path("roads", views.roads, name="operator-roads"),
    path("history/", history, name="operator-history"),
    path("incidents/", incidents, name="operator-incidents"),
    path("incidents/count", count, name="operator-incident-count"),
    path("incidents/<int:incident_id>/", incident, name="operator-incident"),
    path("incidents/<int:incident_id>/<str:word>", handle, name="operator-incident-handle"),
    path("scaling", scaling, name="operator-scaling"),
    path("promises", promises, name="operator-promises"),
    path("money/", money, name="operator-money"),
    path("fraud/", cases, name="operator-fraud"),
    path("fraud/<uuid:order_id>/", case, name="operator-fraud-case"),
    path("fraud/<uuid:order_id>/judge", judge_case, name="operator-fraud-judge"),
    path("refunds/<uuid:refund_id>/<str:word>", decide, name="operator-refund-decide"),
    path("orders/", views.orders, name="operator-orders"),
    path("orders/<uuid:order_id>/", views.story, name="operator-story"),
    path("orders/<uuid:order_id>/traces", traces, name="operator-traces"),
    path("orders/<uuid:order_id>/promises", order_promises, name="operator-order-promises"),
    path("orders/<uuid:order_id>/couriers", couriers, name="operator-couriers"),
    path("orders/<uuid:order_id>/hand-over", hand_over, name="operator-hand-over"),
    path("orders/<uuid:order_id>/money", order_money, name="operator-order-money"),
    path("orders/<uuid:order_id>/refund", refund, name="operator-refund"),
    path("orders/<uuid:order_id>/cancel", views.cancel, name="operator-cancel"),
]
