"""The measures of the fraud benchmark against values worked out by hand, and its reader of public sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.crime.measures import Found, area, found, recall_at
from benchmarks.crime.public import Unreadable, rows
from benchmarks.crime.trial import parted, run


def test_the_area_is_average_precision_and_ties_count_as_one() -> None:
    assert area([True, False, True, False], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)
    assert area([True, False], [0.5, 0.5]) == pytest.approx(0.5)
    assert area([True, True, False], [3, 2, 1]) == 1.0
    assert area([False, False], [1, 2]) == 0.0


def test_the_best_recall_at_a_precision_and_where_it_is() -> None:
    truth, scores = [True, True, False, True], [0.9, 0.8, 0.7, 0.6]
    assert recall_at(truth, scores, 0.9) == pytest.approx((2 / 3, 0.8))
    assert recall_at(truth, scores, 0.7) == (1.0, 0.6)
    assert recall_at([False], [1.0], 0.9)[0] == 0.0


def test_what_was_found() -> None:
    some = found([True, True, False, False], [True, False, True, False])
    assert (some, some.precision, some.recall) == (Found(1, 1, 1), 0.5, 0.5)
    assert some + some == Found(2, 2, 2)


def test_a_public_set_is_read_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text('"Time","V1","Amount","Class"\n0,-1.5,12.30,"0"\n1,2,0,"1"\n')
    assert list(rows(file)) == [
        ({"Time": 0.0, "V1": -1.5, "Amount": 12.3}, False),
        ({"Time": 1.0, "V1": 2.0, "Amount": 0.0}, True),
    ]
    file.write_text("a,b\n1,2\n")
    with pytest.raises(Unreadable, match="none of the columns Class"):
        list(rows(file))
    file.write_text("a,Class\n1,maybe\n")
    with pytest.raises(Unreadable, match="line 2"):
        list(rows(file))
    with pytest.raises(Unreadable, match="No such file"):
        list(rows(tmp_path / "none.csv"))


def test_a_month_is_judged_well_by_the_rules() -> None:
    """A seed on which the rules were written: a slip in them, or in the profiles, shows here first."""
    _, tested = parted(run(3, model=False))
    some = found([order.fraud for order in tested], [order.scores["rules"] >= 100 for order in tested])
    assert some.precision >= 0.9 and some.recall >= 0.9
