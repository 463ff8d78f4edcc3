"""Where the payment gateway tells of changes."""

from __future__ import annotations

import logging

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.payments import webhooks

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def payments_webhook(request: HttpRequest) -> JsonResponse:
    """2xx once it is written down; a repeated event is answered the same, so that the sender stops."""
    try:
        event = webhooks.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except webhooks.WebhookRefused as refused:
        logger.warning("a webhook was refused: %s", refused)
        return JsonResponse({"code": "bad_signature", "message": f"Refused: {refused}."}, status=400)
    return JsonResponse({"received": True, "new": webhooks.take_event(event)})
