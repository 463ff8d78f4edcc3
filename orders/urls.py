"""Addresses of customers' and restaurants' pages."""

from __future__ import annotations

from django.urls import path

from .views import after, basket, browse, checkout, kitchen, mine, money, posts, webhook

app_name = "orders"

urlpatterns = [
    # Events know a restaurant by its number alone.
    path("restaurants/by-id/<int:restaurant_id>", browse.by_id, name="restaurant-by-id"),
    path("restaurants/<slug:slug>/", browse.restaurant, name="restaurant"),
    path("restaurants/<slug:slug>/add", basket.add, name="add"),
    path("basket/", basket.basket, name="basket"),
    path("basket/<int:index>", basket.change, name="change"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/", mine.mine, name="mine"),
    path("orders/<uuid:order_id>/", mine.order, name="order"),
    path("orders/<uuid:order_id>/cancel", mine.cancel, name="cancel"),
    path("orders/<uuid:order_id>/again", after.again, name="again"),
    path("orders/<uuid:order_id>/receipt", after.receipt, name="receipt"),
    path("orders/<uuid:order_id>/rating", after.rating, name="rating"),
    path("orders/<uuid:order_id>/rate", after.rate_order, name="rate"),
    path("orders/<uuid:order_id>/waive-code", after.waive_code, name="waive-code"),
    path("orders/<uuid:order_id>/money", money.money, name="money"),
    path("orders/<uuid:order_id>/problem", money.problem, name="problem"),
    path("payments/webhook", webhook.payments_webhook, name="payments-webhook"),
    path("kitchen/", kitchen.board, name="kitchen"),
    path("kitchen/orders/<uuid:order_id>/accept", kitchen.accept, name="kitchen-accept"),
    path("kitchen/orders/<uuid:order_id>/reject", kitchen.reject, name="kitchen-reject"),
    path("kitchen/alarm", kitchen.alarm, name="kitchen-alarm"),
    path("kitchen/numbers", kitchen.numbers, name="kitchen-numbers"),
    path("kitchen/rules", kitchen.rules, name="kitchen-rules"),
    path("kitchen/orders/<uuid:order_id>/later", kitchen.later, name="kitchen-later"),
    path("kitchen/orders/<uuid:order_id>/ready", kitchen.ready, name="kitchen-ready"),
    path("kitchen/orders/<uuid:order_id>/cancel", kitchen.cancel, name="kitchen-cancel"),
    path("kitchen/items/<int:item_id>", kitchen.sold_out, name="kitchen-item"),
    path("kitchen/post", posts.post, name="kitchen-post"),
    path("kitchen/pause", kitchen.pause, name="kitchen-pause"),
]
