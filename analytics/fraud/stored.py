"""Profiles in their table, under their row locks; those of a generation that is being built, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from django.db import connection

from messaging.consuming.arrays import texts
from messaging.consuming.held import held_rows

from .facts import Fact
from .profiles import Book, Key, Profile, read_by, written_by
from .rules import BY_NAME

#: Made first, and locked in one order, so that two members never wait for each other.
MAKE = """
    INSERT INTO analytics_fraudprofile (generation, kind, token, state)
    SELECT %s, kind, token, NULL FROM unnest(%s::text[], %s::text[]) AS key (kind, token) ORDER BY kind, token
    ON CONFLICT (generation, kind, token) DO NOTHING
"""
LOCK = """
    SELECT kind, token, state::text FROM analytics_fraudprofile
    JOIN unnest(%s::text[], %s::text[]) AS key (kind, token) USING (kind, token) WHERE generation = %s
    ORDER BY kind, token FOR UPDATE OF analytics_fraudprofile
"""
LOOK = """
    SELECT kind, token, state::text FROM analytics_fraudprofile
    JOIN unnest(%s::text[], %s::text[]) AS key (kind, token) USING (kind, token) WHERE generation = %s
"""
STORE = """
    UPDATE analytics_fraudprofile AS profile SET state = new.state::jsonb
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (kind, token, state)
    WHERE profile.generation = %s AND profile.kind = new.kind AND profile.token = new.token
"""
PUT = """
    INSERT INTO analytics_fraudprofile (generation, kind, token, state)
    SELECT %s, kind, token, state::jsonb FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (kind, token, state)
    ON CONFLICT (generation, kind, token) DO UPDATE SET state = EXCLUDED.state
"""
#: Profiles in one statement: some megabytes.
SOME = 1000


def load(facts: Sequence[Fact], judged: Sequence[Fact], generation: int) -> Book:
    """The profiles that these facts change, locked, and those that the judged among them are judged by."""
    changed = sorted({key for fact in facts for key in written_by(fact)})
    read = {key for fact in judged for key in read_by(fact)}
    if judged:
        # What rules have been worth is read unlocked: a verdict that comes at this moment counts from the next on.
        read.update(("rule", name) for name in BY_NAME)
    read.difference_update(changed)
    if (held := held_rows(STORED)) is not None:
        return Book(held.read([*changed, *read]))
    book = Book()
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(MAKE, [generation, *_columns(changed)])
            cursor.execute(LOCK, [*_columns(changed), generation])
            book.profiles |= dict(_profiles(cursor.fetchall()))
    if read:
        book.profiles |= STORED.read(sorted(read), generation=generation)
    return book


def store(book: Book, generation: int) -> None:
    """Keep the profiles that were changed."""
    keys = sorted(book.changed)
    if (held := held_rows(STORED)) is not None:
        held.put({key: book.profiles[key] for key in keys})
    elif keys:
        states = [_encoder.encode(book.profiles[key]).decode() for key in keys]
        with connection.cursor() as cursor:
            cursor.execute(STORE, [*_columns(keys), texts(states), generation])


class Stored:
    """The table of profiles, for a rebuild, which alone writes its generation: a customer's changes with each order."""

    def read(self, keys: Sequence[Key], *, generation: int) -> dict[Key, Profile]:
        with connection.cursor() as cursor:
            cursor.execute(LOOK, [*_columns(keys), generation])
            return dict(_profiles(cursor.fetchall()))

    def write(self, rows: Mapping[Key, Profile], *, generation: int) -> None:
        keys = sorted(rows)
        with connection.cursor() as cursor:
            for first in range(0, len(keys), SOME):
                some = keys[first : first + SOME]
                states = [_encoder.encode(rows[key]).decode() for key in some]
                cursor.execute(PUT, [generation, *_columns(some), texts(states)])

    def copy(self, row: Profile) -> Profile:
        return row.copied()


STORED = Stored()


def _profiles(rows: Iterable[tuple[str, str, str | None]]) -> Iterator[tuple[Key, Profile]]:
    for kind, token, state in rows:
        yield (kind, token), _decoder.decode(state) if state else Profile()


def _columns(keys: Sequence[Key]) -> list[str]:
    return [texts([kind for kind, _ in keys]), texts([token for _, token in keys])]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Profile)
