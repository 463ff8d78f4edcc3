"""Addresses of the operator's pages."""

from __future__ import annotations

from django.urls import path

from . import views
from .citymap import city_map
from .couriers import couriers, hand_over
from .deadletters import dead_letter, dead_letters, settle
from .faults import break_it, faults, set_speed
from .fraud import case, cases, judge_case
from .history import history
from .incidents import count, handle, incident, incidents
from .market import bounds, compliance, monitoring, pricing
from .money import decide, money, order_money, refund
from .promises import order_promises, promises
from .replay import call_off, replay, start
from .scaling import scaling
from .traces import traces

urlpatterns = [
    path("", views.city, name="operator"),
    path("roads", views.roads, name="operator-roads"),
    path("dead-letters/", dead_letters, name="operator-dead-letters"),
    path("dead-letters/<int:letter_id>/", dead_letter, name="operator-dead-letter"),
    path("dead-letters/settle/<slug:word>", settle, name="operator-dead-letter-settle"),
    path("faults", faults, name="operator-faults"),
    path("faults/speed", set_speed, name="operator-speed"),
    path("faults/<slug:fault>/break", break_it, name="operator-break"),
    path("history/", history, name="operator-history"),
    path("incidents/", incidents, name="operator-incidents"),
    path("incidents/count", count, name="operator-incident-count"),
    path("incidents/<int:incident_id>/", incident, name="operator-incident"),
    path("incidents/<int:incident_id>/<str:word>", handle, name="operator-incident-handle"),
    path("replay", replay, name="operator-replay"),
    path("replay/start", start, name="operator-replay-start"),
    path("replay/<int:run_id>/call-off", call_off, name="operator-replay-call-off"),
    path("scaling", scaling, name="operator-scaling"),
    path("promises", promises, name="operator-promises"),
    path("pricing/", pricing, name="operator-pricing"),
    path("pricing/<slug:zone>/bounds", bounds, name="operator-bounds"),
    path("monitoring/", monitoring, name="operator-monitoring"),
    path("compliance/", compliance, name="operator-compliance"),
    path("map", city_map, name="operator-map"),
    path("money/", money, name="operator-money"),
    path("fraud/", cases, name="operator-fraud"),
    path("fraud/<uuid:order_id>/", case, name="operator-fraud-case"),
    path("fraud/<uuid:order_id>/judge", judge_case, name="operator-fraud-judge"),
    path("refunds/<uuid:refund_id>/<str:word>", decide, name="operator-refund-decide"),
    path("orders/", views.orders, name="operator-orders"),
    path("orders/<uuid:order_id>/", views.story, name="operator-story"),
    path("orders/<uuid:order_id>/actions", views.actions, name="operator-actions"),
    path("orders/<uuid:order_id>/traces", traces, name="operator-traces"),
    path("orders/<uuid:order_id>/promises", order_promises, name="operator-order-promises"),
    path("orders/<uuid:order_id>/couriers", couriers, name="operator-couriers"),
    path("orders/<uuid:order_id>/hand-over", hand_over, name="operator-hand-over"),
    path("orders/<uuid:order_id>/money", order_money, name="operator-order-money"),
    path("orders/<uuid:order_id>/refund", refund, name="operator-refund"),
    path("orders/<uuid:order_id>/cancel", views.cancel, name="operator-cancel"),
]
