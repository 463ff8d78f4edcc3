"""Addresses of this room's fragments."""

from __future__ import annotations

from django.urls import path

from .views import audit, browsing, fragments

app_name = "analytics"

urlpatterns = [
    path("audit", audit.audit, name="audit"),
    path("browsing", browsing.browsing, name="browsing"),
    path("consent", browsing.consent, name="consent"),
    path("fragments/for-you", fragments.for_you, name="for-you"),
    path("fragments/also-ordered/<int:restaurant_id>", fragments.also_ordered, name="also-ordered"),
]
