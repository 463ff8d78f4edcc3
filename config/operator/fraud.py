"""Fraud for the operator: the queue of cases, one case with all that speaks for it, and the reviewer's word."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.models import Role
from analytics.fraud import selectors
from analytics.models import FraudCase
from orders.holds import FRAUD, GENUINE, AlreadyJudged, judge
from orders.lifecycle import Actor
from orders.models import Order

#: Cases on one page.
PAGE = 25


@for_role(Role.OPERATOR)
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """The queue, the most suspicious first, and the latest that were judged."""
    page = Paginator(selectors.open_cases(), PAGE).get_page(request.GET.get("page"))
    held = Order.objects.filter(pk__in=[case.order_id for case in page]).in_bulk()
    context = {
        "page": page,
        "rows": [(case, held.get(case.order_id)) for case in page],
        "judged": selectors.judged_cases()[:15],
        "numbers": selectors.numbers(),
    }
    return render(request, "operator/fraud.html", context)


@for_role(Role.OPERATOR)
@require_GET
def case(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(FraudCase, pk=order_id)
    context = {
        "case": found,
        "order": Order.objects.select_related("restaurant", "customer").filter(pk=order_id).first(),
        "decisions": selectors.decisions_of(order_id),
        "memories": selectors.memories(found),
    }
    return render(request, "operator/fraud_case.html", context)


@for_role(Role.OPERATOR)
@require_POST
def judge_case(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The reviewer's word: on the case, on the order, and, through its event, on the rules."""
    verdict = request.POST.get("verdict", "")
    if verdict not in (FRAUD, GENUINE):
        raise Http404("There is no such verdict.")
    try:
        _judge(order_id, verdict, note=request.POST.get("note", ""), reviewer_id=account(request).pk)
    except Order.DoesNotExist:
        raise Http404("There is no such order.") from None
    except AlreadyJudged as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return redirect("operator-fraud-case", order_id)
    messages.success(request, f"Recorded: {verdict}.")
    return redirect("operator-fraud")


@transaction.atomic
def _judge(order_id: uuid.UUID, verdict: str, *, note: str, reviewer_id: int) -> None:
    note = note.replace("\0", "").strip()[:200]
    settled = selectors.settle_case(order_id, verdict=verdict, note=note, reviewer_id=reviewer_id)
    if settled is None:
        raise AlreadyJudged("this case was judged before, or never opened")
    rules, about = selectors.lesson(settled)
    judge(order_id, verdict=verdict, by=Actor("operator", reviewer_id), rules=rules, about=about)
