"""Errors in Stripe's shape: `{"error": {"type": …, "code": …, "message": …}}` with a fitting status."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is no success. `keep` says whether it is the answer of its idempotency key from now on."""

    def __init__(self, status: int, kind: str, code: str, message: str, *, keep: bool = True, **more: Any) -> None:
        self.status = status
        self.keep = keep
        self.body = {"error": {"type": kind, "code": code, "message": message, **more}}
        super().__init__(message)


def invalid(code: str, message: str, *, param: str = "") -> ApiError:
    more: dict[str, Any] = {"param": param} if param else {}
    return ApiError(400, "invalid_request_error", code, message, **more)


def missing(what: str, name: str, *, param: str) -> ApiError:
    return ApiError(404, "invalid_request_error", "resource_missing", f"No such {what}: '{name}'", param=param)


def unexpected_state(intent: dict[str, Any], wanted: str) -> ApiError:
    message = f"This PaymentIntent could not be {wanted} because it has a status of {intent['status']}."
    return ApiError(400, "invalid_request_error", "payment_intent_unexpected_state", message, payment_intent=intent)


def key_reused() -> ApiError:
    # Stripe answers 400 here; 409 says what it is, and a client that knows `idempotency_error` treats both alike.
    return ApiError(
        409,
        "idempotency_error",
        "idempotency_key_reused",
        "Keys for idempotent requests can only be used with the same parameters they were first used with.",
        keep=False,
    )
