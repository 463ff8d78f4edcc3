"""The courier's side of the API. Degrees for places, city time for moments, wall seconds for countdowns."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Body, Path, Router, Schema, Status
from pydantic import AwareDatetime, Field

from accounts.auth import SIGNED_IN, WrongRole, user_with_role
from accounts.models import Role
from orders.models import Order

from . import announcing, couriers, giving_back, offers, positions, presses
from .models import AnnouncedShift, Assignment, Courier, Offer
from .positions import Place
from .selectors import Desk, desk_of
from .stops import Stop, stops_of

router = Router(tags=["courier"], auth=SIGNED_IN)

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class PositionIn(Schema):
    latitude: Latitude
    longitude: Longitude


class PositionsIn(Schema):
    positions: Annotated[list[PositionIn], Field(min_length=1, max_length=positions.MOST)]


class DoorIn(Schema):
    door_code: Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")] = ""


class PressIn(Schema):
    key: uuid.UUID = Field(description="made by the phone for this press, and the same each time it is sent")
    order: uuid.UUID
    stage: Literal["picked_up", "delivered"]
    seconds_ago: Annotated[float, Field(ge=0, le=7 * 86400, allow_inf_nan=False)]
    door_code: Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")] = ""


class PressesIn(Schema):
    presses: Annotated[list[PressIn], Field(min_length=1, max_length=presses.MOST)]


class PressOut(Schema):
    key: uuid.UUID
    order: uuid.UUID
    outcome: str = Field(description="done, already, ended, released, door_code, too_early or unknown")
    message: str = Field(description="the same in words, for the courier")


class PressesOut(Schema):
    presses: list[PressOut]


class TroubleIn(Schema):
    reason: Literal[tuple(giving_back.WORDS)]  # type: ignore[valid-type]


class TroubleOut(Schema):
    order: uuid.UUID
    outcome: str = Field(description="back: another courier is asked; told: an operator is; gone: not yours any more")


class OnlineIn(PositionIn):
    until: AwareDatetime | None = None


class AnnouncedIn(Schema):
    starts_at: AwareDatetime
    until: AwareDatetime | None = None


class AnnouncedOut(Schema):
    id: int
    starts_at: datetime
    until: datetime | None

    @classmethod
    def of(cls, shift: AnnouncedShift) -> AnnouncedOut:
        return cls(id=shift.pk, starts_at=shift.starts_at, until=shift.until)


class PlaceOut(Schema):
    name: str
    latitude: float
    longitude: float


class StopOut(Schema):
    kind: str = Field(description="`pickup` of all orders named, or `dropoff` of the one")
    orders: list[uuid.UUID]
    ready: bool = Field(description="whether all orders named wait at the counter, or are in the bag")
    place: PlaceOut


class JobOut(Schema):
    order: uuid.UUID
    number: str
    status: str
    ready_by: datetime | None
    pickup: PlaceOut
    dropoff: PlaceOut

    @classmethod
    def of(cls, job: Assignment) -> JobOut:
        return cls(**_job(job, address=job.order.address.line))


class OfferOut(JobOut):
    id: uuid.UUID
    deadline: datetime
    seconds_left: float = Field(description="wall seconds, never negative")
    orders: list[uuid.UUID] = Field(description="all of one restaurant, in the sequence of their doors")
    stops: list[StopOut] = Field(description="the way, in the sequence to be kept; the fields of a job are the first's")

    @classmethod
    def of_offer(cls, jobs: Sequence[Assignment], *, seconds_left: float) -> OfferOut:
        offer = jobs[0].offer
        return cls(
            id=offer.id,
            deadline=offer.deadline,
            seconds_left=seconds_left,
            orders=[job.order_id for job in jobs],
            stops=[_stop(stop, address=False) for stop in stops_of(jobs)],
            # Where somebody lives is for who brings the order, not for everyone who is asked.
            **_job(jobs[0], address=""),
        )


class CourierOut(Schema):
    id: int
    name: str
    zone: str
    online: bool
    capacity: int
    latitude: float
    longitude: float
    offer: OfferOut | None
    jobs: list[JobOut]
    stops: list[StopOut] = Field(description="what is left of the way with the jobs taken, in the sequence to be kept")

    @classmethod
    def of(cls, desk: Desk) -> CourierOut:
        courier = desk.courier
        return cls(
            id=courier.pk,
            name=courier.name,
            zone=courier.zone_id,
            online=courier.online,
            capacity=courier.capacity,
            latitude=courier.latitude,
            longitude=courier.longitude,
            offer=OfferOut.of_offer(desk.offered, seconds_left=desk.seconds_left) if desk.offered else None,
            jobs=[JobOut.of(job) for job in desk.jobs],
            stops=[_stop(stop, address=True) for stop in stops_of(desk.jobs)],
        )


class AnswerOut(Schema):
    id: uuid.UUID
    state: str

    @classmethod
    def of(cls, offer: Offer) -> AnswerOut:
        return cls(id=offer.id, state=offer.state)


class StageOut(Schema):
    order: uuid.UUID
    status: str
    version: int

    @classmethod
    def of(cls, order: Order) -> StageOut:
        return cls(order=order.id, status=order.status, version=order.version)


def asking(request: HttpRequest) -> Courier:
    """The courier behind the request.

    Raises:
        WrongRole: signed in as somebody else, or as a courier who is not set up.
    """
    user = user_with_role(request, Role.COURIER)
    courier = Courier.objects.filter(user=user).first()
    if courier is None:
        raise WrongRole(user, Role.COURIER)
    return courier


@router.get("/courier", response=CourierOut)
def desk(request: HttpRequest) -> CourierOut:
    """Everything a courier's screen shows."""
    return CourierOut.of(desk_of(asking(request)))


@router.post("/courier/online", response=CourierOut)
def online(request: HttpRequest, body: OnlineIn) -> CourierOut:
    """Start a shift, here; `until` (city time) is when it is planned to end."""
    courier = couriers.go_online(asking(request).pk, latitude=body.latitude, longitude=body.longitude, until=body.until)
    return CourierOut.of(desk_of(courier))


@router.get("/courier/announced", response=list[AnnouncedOut])
def announced(request: HttpRequest) -> list[AnnouncedOut]:
    """The shifts that the courier has announced and not begun, the next first."""
    return [AnnouncedOut.of(shift) for shift in announcing.announced(asking(request).pk)]


@router.post("/courier/announced", response=CourierOut)
def announce(request: HttpRequest, body: AnnouncedIn) -> CourierOut:
    """Say when a shift of today or tomorrow is to begin and end (city time): rounds plan with it, but no offer comes
    before it. Safe to repeat. 422 with the code past, too_far, ends_first or too_long; 409 overlap or too_many.
    """
    courier = asking(request)
    announcing.announce(courier.pk, starts_at=body.starts_at, until=body.until)
    return CourierOut.of(desk_of(courier))


@router.post("/courier/announced/{shift_id}/withdraw", response=list[AnnouncedOut])
def withdraw(request: HttpRequest, shift_id: Annotated[int, Path(ge=1, lt=2**63)]) -> list[AnnouncedOut]:
    """Take an announced shift back; what is left of them. 404 where it is announced no more, or another's."""
    courier = asking(request)
    announcing.withdraw(shift_id, courier_id=courier.pk)
    return [AnnouncedOut.of(shift) for shift in announcing.announced(courier.pk)]


@router.post("/courier/offline", response=CourierOut)
def offline(request: HttpRequest) -> CourierOut:
    """End the shift; refused (409 carrying) while there is an order to deliver."""
    return CourierOut.of(desk_of(couriers.go_offline(asking(request).pk)))


@router.post("/courier/positions", response={204: None})
def report(request: HttpRequest, body: PositionsIn) -> Status[None]:
    """Say where one is, once a second while moving: the places since the last report, the latest one last.

    Nothing is kept for certain: a lost report is made good by the next.
    """
    places = [Place(each.latitude, each.longitude) for each in body.positions]
    positions.report(asking(request).pk, places)
    return Status(204, None)


@router.post("/courier/offers/{uuid:offer_id}/accept", response=AnswerOut)
def accept(request: HttpRequest, offer_id: uuid.UUID) -> AnswerOut:
    """Take the offer: 409 with the code taken, expired, withdrawn or declined when it is gone."""
    return AnswerOut.of(offers.accept(offer_id, courier=asking(request)))


@router.post("/courier/offers/{uuid:offer_id}/decline", response=AnswerOut)
def decline(request: HttpRequest, offer_id: uuid.UUID) -> AnswerOut:
    """Leave it to the next courier."""
    return AnswerOut.of(offers.decline(offer_id, courier=asking(request)))


@router.post("/courier/orders/{uuid:order_id}/picked-up", response=StageOut)
def picked_up(request: HttpRequest, order_id: uuid.UUID) -> StageOut:
    """The order is in the bag."""
    return StageOut.of(couriers.pick_up(order_id, courier=asking(request)))


@router.post("/courier/orders/{uuid:order_id}/delivered", response=StageOut)
def delivered(request: HttpRequest, order_id: uuid.UUID, body: Annotated[DoorIn | None, Body()] = None) -> StageOut:
    """The order is at its door; 409 door_code where the customer asked for a code and this is another, or none."""
    code = body.door_code if body else ""
    return StageOut.of(couriers.deliver(order_id, courier=asking(request), door_code=code))


@router.post("/courier/presses", response=PressesOut)
def merge_presses(request: HttpRequest, body: PressesIn) -> PressesOut:
    """What was pressed without a connection, in that sequence. Each is answered for itself, and again the same."""
    pressed = [presses.Pressed(**each.dict()) for each in body.presses]
    merged = presses.merge(pressed, courier=asking(request))
    return PressesOut(
        presses=[
            PressOut(key=each.key, order=each.order_id, outcome=each.outcome, message=each.message) for each in merged
        ]
    )


@router.post("/courier/orders/{uuid:order_id}/cannot-go-on", response=list[TroubleOut])
def cannot_go_on(request: HttpRequest, order_id: uuid.UUID, body: TroubleIn) -> list[TroubleOut]:
    """Give the order back; once it is picked up, call an operator. Some reasons concern all of one's orders."""
    given = giving_back.cannot_go_on(order_id, courier=asking(request), reason=body.reason)
    return [TroubleOut(order=each.order.pk, outcome=each.outcome) for each in given]


def _job(job: Assignment, *, address: str) -> dict[str, Any]:
    order = job.order
    return {
        "order": order.id,
        "number": order.number,
        "status": order.status,
        "ready_by": order.ready_by,
        "pickup": _counter(order),
        "dropoff": _door(order, name=address),
    }


def _stop(stop: Stop, *, address: bool) -> StopOut:
    order = stop.orders[0]
    return StopOut(
        kind=stop.kind,
        orders=[each.id for each in stop.orders],
        ready=stop.ready,
        place=_counter(order) if stop.kind == "pickup" else _door(order, name=order.address.line if address else ""),
    )


def _counter(order: Order) -> PlaceOut:
    restaurant = order.restaurant
    return PlaceOut(name=restaurant.name, latitude=restaurant.latitude, longitude=restaurant.longitude)


def _door(order: Order, *, name: str) -> PlaceOut:
    return PlaceOut(name=name, latitude=order.address.latitude, longitude=order.address.longitude)
