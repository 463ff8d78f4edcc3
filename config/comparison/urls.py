"""Addresses of the comparison's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("compare", views.compare, name="compare"),
    path("compare/run", views.run_again, name="compare-run"),
    path("choose", views.choose, name="choose"),
]
