"""A batch that is sifted once for several groups comes to what each would have sifted for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from messaging.consuming.once import SiftedOnce
from messaging.consuming.records import Record
from messaging.consuming.sieve import Sieve

from .test_sieve import at

PLACED = frozenset({"order.placed"})


def a_stream(numbers: list[tuple[str, int]]) -> list[Record]:
    return [at(offset, key, sequence) for offset, (key, sequence) in enumerate(numbers)]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4)), max_size=6),
    st.lists(st.dictionaries(st.sampled_from("ab"), st.integers(1, 3)), min_size=1, max_size=3),
    st.sampled_from([None, PLACED, frozenset({"order.ready"})]),
)
def test_it_is_each_groups_own_or_none(
    numbers: list[tuple[str, int]], known: list[dict[str, int]], types: frozenset[str] | None
) -> None:
    stream = a_stream(numbers)
    once = SiftedOnce(stream)
    for last in known:
        own = Sieve(last, {}, {}, frozenset(), types).sift(stream)
        shared = once.sifted(last, types)
        assert shared is None or shared == own


def test_records_that_are_each_next_are_sifted_once() -> None:
    once = SiftedOnce(a_stream([("a", 3), ("b", 1), ("a", 4)]))
    assert once.keys() == ["a", "b"]
    first = once.sifted({"a": 2}, None)
    assert first is not None and first.last == {"a": 4, "b": 1}
    assert once.sifted({"a": 2}, None) is first
    others = once.sifted({"a": 2}, PLACED)
    assert others is not None and (others.fresh, others.unused, others.last) == ([], 3, {"a": 4, "b": 1})


def test_who_knows_otherwise_sifts_for_itself() -> None:
    once = SiftedOnce(a_stream([("a", 3)]))
    assert once.sifted({"a": 2}, None) is not None
    assert once.sifted({"a": 3}, None) is None
    assert SiftedOnce(a_stream([("a", 3), ("a", 3)])).sifted({"a": 2}, None) is None
    assert SiftedOnce(a_stream([("a", 5)])).sifted({"a": 2}, None) is None
