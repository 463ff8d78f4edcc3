"""The operator's way into the audit: who did what to which order, when and why."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.access import for_role
from accounts.asked import by_htmx, page_number
from accounts.models import Role
from analytics.audit import selectors
from analytics.audit.search import BadQuestion, Question, as_csv, as_json_lines, as_row, search
from orders.events import TOPIC

#: Entries of a page, and of a file; `manage.py audit export` has no limit.
PAGE, FILE = 50, 20_000
ASKED = ("order", "actor", "type", "since", "until")
FORMATS = {"csv": ("text/csv", as_csv), "jsonl": ("application/jsonl", as_json_lines)}


@for_role(Role.OPERATOR)
@require_GET
@vary_on_headers("HX-Request")
def audit(request: HttpRequest) -> HttpResponse:
    """The page; for htmx what was found alone; with `format` a file of it."""
    asked = {name: request.GET.get(name, "") for name in ASKED}
    context: dict[str, object] = {"asked": asked, "topic": TOPIC}
    try:
        found = search(Question.of(asked))
    except BadQuestion as error:
        return _page(request, context | {"trouble": str(error), "rows": []})
    if wanted := FORMATS.get(request.GET.get("format", "")):
        kind, lines = wanted
        name = f"audit.{request.GET['format']}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse("".join(lines(found[:FILE])), content_type=kind, headers=headers)
    page = page_number(request)
    # One more than is shown says whether there is a next page: to count a million entries would cost more.
    rows = [as_row(entry) for entry in found[(page - 1) * PAGE : page * PAGE + 1]]
    query = request.GET.copy()
    for name in ("page", "format"):
        query.pop(name, None)
    context |= {"rows": rows[:PAGE], "page": page, "more": len(rows) > PAGE, "query": query.urlencode()}
    return _page(request, context)


def _page(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    if by_htmx(request):
        return render(request, "analytics/_audit.html", context)
    return render(request, "analytics/audit.html", context | {"heads": selectors.heads()})
