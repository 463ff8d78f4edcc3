import io
from typing import Any

from simulator.tally import Tally


def order(number: int, status: str = "placed", **times: str) -> dict[str, Any]:
    return {"id": f"order-{number}", "status": status, "placed_at": "2026-06-05T12:00:00Z", **times}


def test_orders_are_followed_to_their_end_and_written_down_at_once() -> None:
    file = io.StringIO()
    tally = Tally(file)
    for number in range(3):
        tally.order_placed(order(number), customer="cust-001")
    assert file.getvalue() == "order-0\norder-1\norder-2\n"
    assert not tally.ok

    tally.order_seen(order(0, "delivered", delivered_at="2026-06-05T12:30:00Z"))
    tally.order_seen(order(1, "paid"))
    tally.order_seen(order(2, "cancelled"))
    tally.order_seen(order(0, "delivered", delivered_at="2026-06-05T13:30:00Z"))

    summary = tally.summary()
    assert (summary["placed"], summary["delivered"], summary["cancelled"], summary["unfinished"]) == (3, 1, 1, 1)
    assert summary["click_to_door_minutes"] == 30
    assert list(tally.following) == ["order-1"]


def test_an_order_that_was_over_when_asked_again_counts_once_and_needs_no_following() -> None:
    tally = Tally()
    tally.order_placed(order(1, "delivered", delivered_at="2026-06-05T12:20:30Z"), customer="cust-001")

    assert tally.ok
    assert tally.summary()["delivered"] == 1
    assert tally.summary()["click_to_door_minutes"] == 20.5


def test_a_failure_is_not_ok_and_an_overcome_error_is() -> None:
    tally = Tally()
    tally.errors["503"] += 1
    tally.refusals["closed"] += 1
    assert tally.ok

    tally.failures["500"] += 1
    assert not tally.ok


def test_latency_is_in_milliseconds_and_absent_without_calls() -> None:
    tally = Tally()
    assert tally.summary()["api"]["p50_ms"] is None

    for milliseconds in range(1, 101):
        tally.call_took(milliseconds / 1000)

    assert (tally.summary()["api"]["p50_ms"], tally.summary()["api"]["p95_ms"]) == (51.0, 96.0)
