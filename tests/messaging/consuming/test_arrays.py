"""PostgreSQL reads the array literals as the values they were made from."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from messaging.consuming.arrays import plain, texts

pytestmark = pytest.mark.django_db


def read(literal: str, type: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{type}[]", [literal])
        return cursor.fetchone()[0]


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8), max_size=5))
def test_any_text(values: list[str]) -> None:
    assert read(texts(values), "text") == values


@pytest.mark.parametrize("value", ["", "NULL", '"', "\\", '","', "{}", " a ", "a,b", "\n"])
def test_text_that_looks_like_the_literals_own_marks(value: str) -> None:
    assert read(texts([value, value]), "text") == [value, value]


def test_numbers_times_ids_and_nothing() -> None:
    noon = datetime(2026, 5, 4, 12, 0, 0, 250, tzinfo=UTC)
    one = uuid.UUID(int=1)
    assert read(plain([1, None, -(2**63)]), "bigint") == [1, None, -(2**63)]
    assert read(plain([noon, None]), "timestamptz") == [noon, None]
    assert read(plain([one]), "uuid") == [one]
    assert read(plain([]), "bigint") == []
