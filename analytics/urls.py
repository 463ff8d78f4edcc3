"""Addresses of this room's fragments."""

from __future__ import annotations

from django.urls import path

from .views import fragments

app_name = "analytics"

urlpatterns = [
    path("fragments/also-ordered/<int:restaurant_id>", fragments.also_ordered, name="also-ordered"),
]
