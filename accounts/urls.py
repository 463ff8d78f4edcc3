"""Addresses of signing in and out."""

from __future__ import annotations

from django.urls import include, path

from . import doors, views

urlpatterns = [
    path("demo/sign-in", views.demo_sign_in, name="demo-sign-in"),
    path("account/", views.overview, name="account"),
    path("account/delete", views.erase_me, name="erase-me"),
    path("account/addresses/", doors.mine, name="addresses"),
    path("account/addresses/<int:address_id>/", doors.change, name="address"),
    path("account/addresses/<int:address_id>/default", doors.make_default, name="address-default"),
    path("account/addresses/<int:address_id>/remove", doors.remove, name="address-remove"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/", include("allauth.account.urls")),
]
