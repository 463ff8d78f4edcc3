"""Addresses of the fragments about followers and posts, within the room's namespace."""

from __future__ import annotations

from django.urls import path

from notifications.views import following

urlpatterns = [
    path("restaurants/<int:restaurant_id>", following.following, name="following"),
    path("restaurants/<int:restaurant_id>/follow", following.follow, name="follow"),
    path("posts", following.posts, name="posts"),
]
