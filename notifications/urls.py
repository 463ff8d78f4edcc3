"""Addresses of the inbox, the preferences, the devices, and the mail that a demo has sent."""

from __future__ import annotations

from django.urls import include, path

from .views import devices, inbox, mail, preferences

app_name = "notifications"

urlpatterns = [
    path("notices/", inbox.inbox, name="inbox"),
    path("notices/unread", inbox.unread_count, name="unread"),
    path("notices/read", inbox.read_all, name="read-all"),
    path("notices/<int:pk>/open", inbox.open_notice, name="open"),
    path("notices/settings/", preferences.preferences, name="preferences"),
    # Written into e-mails: see `unsubscribing.PATH`.
    path("notices/unsubscribe/<str:token>/", preferences.unsubscribe_page, name="unsubscribe"),
    path("notices/worker.js", devices.worker, name="worker"),
    path("notices/devices", devices.add, name="add-device"),
    path("notices/devices/stand-in", devices.stand_in, name="stand-in"),
    path("notices/devices/<int:pk>/remove", devices.remove, name="remove-device"),
    path("notices/", include("notifications.fanout.urls")),
    path("mail/", mail.mails, name="mails"),
    path("mail/<int:number>/", mail.one, name="mail"),
    path("mail/<int:number>/html", mail.html, name="mail-html"),
]
