"""The visitor's choice, and what browsers report of those who agreed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from analytics.behaviour.consent import COOKIE, KEPT, choice_of
from analytics.behaviour.receiving import LARGEST, receive


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Remember the choice in a cookie that says yes or no and nothing else, and go back."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    answer = redirect(back)
    choice = "yes" if request.POST.get("choice") == "yes" else "no"
    secure = request.is_secure() or settings.SESSION_COOKIE_SECURE
    answer.set_cookie(COOKIE, choice, max_age=KEPT, samesite="Lax", httponly=True, secure=secure)
    return answer


# A beacon can carry no token of ours. It changes nothing that belongs to anybody, and needs the visitor's own cookie.
@csrf_exempt
@require_POST
def browsing(request: HttpRequest) -> HttpResponse:
    """204 whether counted or, without consent, thrown away unread; 400 for what is no report."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or choice_of(request) != "yes":
        return HttpResponse(status=204)
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return JsonResponse({"code": "too_large", "message": f"A report has at most {LARGEST} bytes."}, status=400)
    try:
        receive(request.body)
    except ValueError as error:
        return JsonResponse({"code": "bad_report", "message": str(error)}, status=400)
    return HttpResponse(status=204)
