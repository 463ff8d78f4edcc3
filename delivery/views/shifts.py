"""The page on which a courier announces when they come, and takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime, make_aware
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import for_role
from accounts.asked import by_htmx
from accounts.models import Role
from delivery import announcing
from delivery.announcing import CannotAnnounce, spoken
from delivery.models import AnnouncedShift, Courier
from orders.city import city_now

from .courier import Word, courier_of

#: What the form proposes: the next full hour that is at least so far off, and so much time on the road.
AHEAD, USUAL = timedelta(minutes=30), timedelta(hours=4)


class ShiftForm(forms.Form):
    """A day and two times of the city's clock; an end that is not after the beginning is on the next day."""

    day = forms.ChoiceField(error_messages=dict.fromkeys(["required", "invalid_choice"], "Choose today or tomorrow."))
    begins = forms.TimeField(error_messages={"required": "Say from when.", "invalid": "Write it as 18:00."})
    ends = forms.TimeField(error_messages={"required": "Say until when.", "invalid": "Write it as 22:00."})

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tomorrow = today + timedelta(days=1)
        # By date: what is chosen shortly before midnight means the same shortly after.
        days = [(each.isoformat(), f"{word}, {each:%A}") for word, each in (("Today", today), ("Tomorrow", tomorrow))]
        field = self.fields["day"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = days

    def span(self) -> tuple[datetime, datetime]:
        """City times of its beginning and its end."""
        day, begins, ends = (self.cleaned_data[name] for name in ("day", "begins", "ends"))
        day = date.fromisoformat(day)
        last = day if ends > begins else day + timedelta(days=1)
        return make_aware(datetime.combine(day, begins)), make_aware(datetime.combine(last, ends))


@dataclass(frozen=True, slots=True)
class Hours:
    """An announced shift in words; `late`: it has begun without its courier, who is still expected."""

    shift: AnnouncedShift
    words: str
    late: bool

    @property
    def length(self) -> timedelta | None:
        return self.shift.until - self.shift.starts_at if self.shift.until else None


@for_role(Role.COURIER)
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def shifts(request: HttpRequest) -> HttpResponse:
    """What is announced, and a form for one more; for htmx without the page around them."""
    courier, now = courier_of(request), localtime(city_now())
    if request.method == "GET":
        return _show(request, courier, now, _fresh(now))
    form = ShiftForm(request.POST, today=now.date())
    if not form.is_valid():
        return _show(request, courier, now, form)
    starts_at, until = form.span()
    try:
        shift = announcing.announce(courier.pk, starts_at=starts_at, until=until)
    except CannotAnnounce as error:
        form.add_error(None, str(error))
        return _show(request, courier, now, form)
    done = f"Announced: {spoken(shift, now=now)}."
    if by_htmx(request):
        return _show(request, courier, now, _fresh(now), Word(done, "success"))
    messages.success(request, done)
    return redirect("delivery:shifts")


@for_role(Role.COURIER)
@require_POST
def withdraw(request: HttpRequest, shift_id: int) -> HttpResponse:
    """Take one back. htmx gets the line alone: nothing moves under a finger, and what stands in the form stays."""
    courier, now = courier_of(request), localtime(city_now())
    try:
        if shift_id >= 2**63:
            raise AnnouncedShift.DoesNotExist
        word = Word(f"Withdrawn: {spoken(announcing.withdraw(shift_id, courier_id=courier.pk), now=now)}.", "success")
    except AnnouncedShift.DoesNotExist:
        word = Word("That shift is not announced any more.")
    if by_htmx(request):
        return render(request, "delivery/_withdrawn.html", {"word": word})
    messages.add_message(request, getattr(messages, word.tone.upper()), word.text)
    return redirect("delivery:shifts")


def hours_of(courier: Courier, now: datetime) -> list[Hours]:
    """What a courier has announced, the next first."""
    return [
        Hours(shift, spoken(shift, now=now), late=not courier.online and shift.starts_at <= now)
        for shift in announcing.announced(courier.pk)
    ]


def _fresh(now: datetime) -> ShiftForm:
    begin = (now + AHEAD + timedelta(minutes=59)).replace(minute=0)
    times = {"begins": f"{begin:%H:%M}", "ends": f"{begin + USUAL:%H:%M}"}
    return ShiftForm(initial={"day": begin.date().isoformat(), **times}, today=now.date())


def _show(
    request: HttpRequest, courier: Courier, now: datetime, form: ShiftForm, word: Word | None = None
) -> HttpResponse:
    context = {
        "courier": courier,
        "now": now,
        "announced": hours_of(courier, now),
        "form": form,
        "word": word,
        "longest": announcing.LONGEST // timedelta(hours=1),
    }
    template = "delivery/_shifts.html" if by_htmx(request) else "delivery/shifts.html"
    return render(request, template, context, status=422 if form.is_bound else 200)
