"""Addresses of signing in and out."""

from __future__ import annotations

from django.urls import include, path

from . import views

urlpatterns = [
    path("demo/sign-in", views.demo_sign_in, name="demo-sign-in"),
    path("account/", include("allauth.account.urls")),
]
