"""Addresses of the courier's page."""

from __future__ import annotations

from django.urls import path

from .views import app, citymap, courier, earnings, fragments, shifts

app_name = "delivery"

urlpatterns = [
    path("courier/", courier.page, name="courier"),
    path("courier/online", courier.online, name="online"),
    path("courier/offline", courier.offline, name="offline"),
    path("courier/offers/<uuid:offer_id>/accept", courier.answer, {"word": "accept"}, name="accept"),
    path("courier/offers/<uuid:offer_id>/decline", courier.answer, {"word": "decline"}, name="decline"),
    path("courier/orders/<uuid:order_id>/picked-up", courier.picked_up, name="picked-up"),
    path("courier/orders/<uuid:order_id>/delivered", courier.delivered, name="delivered"),
    path("courier/orders/<uuid:order_id>/cannot-go-on", courier.cannot_go_on, name="cannot-go-on"),
    path("courier/understood", courier.understood, name="understood"),
    path("courier/earnings/", earnings.earnings, name="earnings"),
    path("courier/shifts/", shifts.shifts, name="shifts"),
    path("courier/shifts/<int:shift_id>/withdraw", shifts.withdraw, name="withdraw-shift"),
    path("courier/app.webmanifest", app.manifest, name="manifest"),
    # Where they lie is what a worker may answer for: the courier's pages, and none of the other rooms'.
    path("courier/worker.js", app.worker, name="worker"),
    path("courier/no-connection", app.no_connection, name="no-connection"),
    path("delivery/fragments/courier/<uuid:order_id>", fragments.courier_of, name="courier-of"),
    path("delivery/fragments/map/<uuid:order_id>", fragments.map_of, name="map-of"),
    path("delivery/fragments/promise/<slug:restaurant>", fragments.promise_for, name="promise-for"),
    path("delivery/city.geojson", citymap.city_layers, name="city-layers"),
]
