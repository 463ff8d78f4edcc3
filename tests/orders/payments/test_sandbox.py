"""The sandbox itself: what Stripe's documentation says of PaymentIntents holds of it too."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orders.payments.sandbox.cards import BY_NUMBER, CARDS
from orders.payments.sandbox.store import Store
from orders.payments.sandbox.webhooks import sign, spoil

from .conftest import Provider


def standing(provider: Provider, intent: str) -> str:
    return str(provider.get(f"/v1/payment_intents/{intent}").json()["status"])


def test_the_way_of_a_payment(provider: Provider) -> None:
    intent = provider.open(amount=1190)
    assert standing(provider, intent) == "requires_payment_method"
    held = provider.post(f"/v1/payment_intents/{intent}/confirm", payment_method="tok_ok").json()
    assert (held["status"], held["amount_capturable"], held["amount_received"]) == ("requires_capture", 1190, 0)
    taken = provider.post(f"/v1/payment_intents/{intent}/capture").json()
    assert (taken["status"], taken["amount_capturable"], taken["amount_received"]) == ("succeeded", 0, 1190)
    refund = provider.post("/v1/refunds", payment_intent=intent, amount=190).json()
    assert (refund["status"], refund["amount"], refund["charge"]) == ("succeeded", 190, taken["latest_charge"])
    book = provider.books()[intent]
    assert (book["captures"], book["received"], book["refunded"]) == (1, 1190, 190)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("tok_declined", "card_declined", "generic_decline"),
        ("tok_insufficient_funds", "card_declined", "insufficient_funds"),
        ("tok_expired", "expired_card", "expired_card"),
    ],
)
def test_a_declined_card(provider: Provider, card: str, code: str, decline_code: str) -> None:
    intent = provider.open()
    answer = provider.post(f"/v1/payment_intents/{intent}/confirm", payment_method=card)
    error = answer.json()["error"]
    assert answer.status_code == 402
    assert (error["type"], error["code"], error["decline_code"]) == ("card_error", code, decline_code)
    assert error["payment_intent"]["last_payment_error"]["decline_code"] == decline_code
    assert standing(provider, intent) == "requires_payment_method"


def test_a_card_is_known_by_its_number(provider: Provider) -> None:
    made = provider.post("/v1/payment_methods", **{"type": "card", "card[number]": "4000 0000 0000 9995"}).json()
    intent = provider.open()
    answer = provider.post(f"/v1/payment_intents/{intent}/confirm", payment_method=made["id"])
    assert (answer.status_code, answer.json()["error"]["decline_code"]) == (402, "insufficient_funds")
    real = provider.post("/v1/payment_methods", **{"type": "card", "card[number]": "4111111111111111"})
    assert (real.status_code, real.json()["error"]["code"]) == (402, "card_declined")
    assert len(BY_NUMBER) == len(CARDS) == len({card.token for card in CARDS})


def test_the_same_key_and_body_get_the_same_answer(provider: Provider) -> None:
    first, second = (provider.post("/v1/payment_intents", key="k", amount=5, capture_method="manual") for _ in "12")
    assert first.json() == second.json()
    assert (first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")) == (None, "true")
    assert len(provider.books()) == 1


def test_a_refusal_is_an_answer_too(provider: Provider) -> None:
    intent = provider.open()
    path = f"/v1/payment_intents/{intent}/confirm"
    first, second = (provider.post(path, key="k", payment_method="tok_declined") for _ in "12")
    assert first.status_code == second.status_code == 402
    assert first.json() == second.json()


def test_the_same_key_for_another_body(provider: Provider) -> None:
    provider.open(amount=500, key="k")
    answer = provider.post("/v1/payment_intents", key="k", amount=501, currency="eur", capture_method="manual")
    assert (answer.status_code, answer.json()["error"]["type"]) == (409, "idempotency_error")
    assert len(provider.books()) == 1


def test_keys_are_of_an_account(provider: Provider, settings: object) -> None:
    other = Provider(str(provider.http.base_url), "sk_test_another_account_of_this_test")
    intent = provider.open(key="k")
    assert other.open(key="k") != intent
    assert other.get(f"/v1/payment_intents/{intent}").status_code == 404
    assert Provider(str(provider.http.base_url), "nonsense").get("/sandbox/books").status_code == 401


def test_fifty_captures_at_once_are_one(provider: Provider) -> None:
    intent = provider.held()
    with ThreadPoolExecutor(50) as pool:
        same = list(pool.map(lambda _: provider.post(f"/v1/payment_intents/{intent}/capture", key="c"), range(50)))
    assert {answer.status_code for answer in same} == {200}
    assert len({answer.content for answer in same}) == 1
    assert provider.books()[intent]["captures"] == 1


def test_fifty_captures_under_fifty_keys_are_one(provider: Provider) -> None:
    intent = provider.held()
    with ThreadPoolExecutor(50) as pool:
        path = f"/v1/payment_intents/{intent}/capture"
        answers = list(pool.map(lambda n: provider.post(path, key=f"c{n}").status_code, range(50)))
    assert sorted(answers) == [200] + [400] * 49
    assert provider.books()[intent]["captures"] == 1


def test_what_a_payments_state_does_not_allow(provider: Provider) -> None:
    intent = provider.held()
    provider.post(f"/v1/payment_intents/{intent}/cancel")
    for step in ("capture", "confirm", "cancel"):
        answer = provider.post(f"/v1/payment_intents/{intent}/{step}", payment_method="tok_ok")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "payment_intent_unexpected_state")
        assert error["payment_intent"]["status"] == "canceled"
    assert provider.post("/v1/refunds", payment_intent=intent).status_code == 400


def test_no_more_is_given_back_than_was_taken(provider: Provider) -> None:
    intent = provider.held()
    provider.post(f"/v1/payment_intents/{intent}/capture")
    assert (
        provider.post("/v1/refunds", payment_intent=intent, amount=1191).json()["error"]["code"] == "amount_too_large"
    )
    assert provider.post("/v1/refunds", payment_intent=intent).json()["amount"] == 1190
    again = provider.post("/v1/refunds", payment_intent=intent).json()["error"]
    assert again["code"] == "charge_already_refunded"


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "", "9" * 30, "²"])
def test_an_amount_is_a_positive_whole_number(provider: Provider, amount: str) -> None:
    answer = provider.post("/v1/payment_intents", amount=amount, capture_method="manual")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "amount")


def test_the_owner_confirms_at_the_bank(provider: Provider) -> None:
    intent = provider.open()
    asked = provider.post(
        f"/v1/payment_intents/{intent}/confirm", payment_method="tok_3ds", return_url="http://shop.test/orders/1/"
    ).json()
    url = asked["next_action"]["redirect_to_url"]["url"]
    assert (asked["status"], "Is this you?" in provider.get(url).text) == ("requires_action", True)
    assert provider.get(url.split("?")[0] + "?secret=guessed").status_code == 404
    answer = provider.answer(url, "yes")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://shop.test/orders/1/")
    assert standing(provider, intent) == "requires_capture"
    # A change of mind comes too late.
    provider.answer(url, "no")
    assert standing(provider, intent) == "requires_capture"


def test_the_owner_declines_at_the_bank(provider: Provider) -> None:
    intent = provider.open()
    asked = provider.post(f"/v1/payment_intents/{intent}/confirm", payment_method="tok_3ds").json()
    provider.answer(asked["next_action"]["redirect_to_url"]["url"], "no")
    failed = provider.get(f"/v1/payment_intents/{intent}").json()
    assert failed["last_payment_error"]["code"] == "authentication_required"


def test_a_signature_is_over_time_and_raw_body() -> None:
    expected = hmac.new(b"whsec_x", b'1700000000.{"id": 1}', hashlib.sha256).hexdigest()
    assert sign(b'{"id": 1}', "whsec_x", at=1700000000) == f"t=1700000000,v1={expected}"
    body = b'{"amount_received":5}'
    genuine, tampered = spoil(body, "whsec_x", "genuine"), spoil(body, "whsec_x", "tampered")
    assert (genuine[0], tampered[0]) == (body, b'{"amount_received":95}')


def test_its_books_survive_and_keep_their_own_promises(tmp_path: Path) -> None:
    store = Store(tmp_path / "books")
    values = {"account": "a", "currency": "eur", "status": "x", "client_secret": "s", "created": 0}
    with pytest.raises(RuntimeError), store.transaction():
        store.insert("intents", id="pi_lost", amount=5, **values)
        raise RuntimeError
    with store.transaction():
        store.insert("intents", id="pi_kept", amount=5, **values)
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store.update("intents", "pi_kept", received=6)
    store.close()
    assert [row["id"] for row in Store(tmp_path / "books").rows("SELECT id FROM intents")] == ["pi_kept"]
