"""Addresses of the courier's page."""

from __future__ import annotations

from django.urls import path

from .views import citymap, courier, fragments

app_name = "delivery"

urlpatterns = [
    path("courier/", courier.page, name="courier"),
    path("courier/online", courier.online, name="online"),
    path("courier/offline", courier.offline, name="offline"),
    path("courier/offers/<uuid:offer_id>/accept", courier.answer, {"word": "accept"}, name="accept"),
    path("courier/offers/<uuid:offer_id>/decline", courier.answer, {"word": "decline"}, name="decline"),
    path("courier/orders/<uuid:order_id>/picked-up", courier.picked_up, name="picked-up"),
    path("courier/orders/<uuid:order_id>/delivered", courier.delivered, name="delivered"),
    path("delivery/fragments/courier/<uuid:order_id>", fragments.courier_of, name="courier-of"),
    path("delivery/fragments/map/<uuid:order_id>", fragments.map_of, name="map-of"),
    path("delivery/fragments/promise/<slug:restaurant>", fragments.promise_for, name="promise-for"),
    path("delivery/city.geojson", citymap.city_layers, name="city-layers"),
]
