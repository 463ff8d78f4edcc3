"""Each role at its own browser."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anybody() -> Client:
    return Client()
