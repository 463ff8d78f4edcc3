"""An offer: made to one courier, and answered once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from delivery import couriers, offers
from delivery.models import Assignment, Courier, Offer
from delivery.offers import OfferGone
from messaging.models import Incident
from orders import lifecycle
from orders.city import city_now, set_clock
from orders.lifecycle import Actor
from orders.models import City, Order, OrderHistory
from tests import factories

from .conftest import commands, facts, let_run_out, offer_to

pytestmark = pytest.mark.django_db


def state_of(offer: Offer) -> str:
    return Offer.objects.values_list("state", flat=True).get(pk=offer.pk)


def the_order(offer: Offer) -> Order:
    return Order.objects.get(assignments__offer=offer)


def test_an_offer_is_a_fact_with_a_deadline_in_city_time(courier: Courier) -> None:
    City.objects.update(offer_seconds=45, offer_wall_seconds=10, speed=1)
    order = factories.accepted_order()
    offer = offer_to(courier, order)
    assert (offer.deadline - offer.made_at).total_seconds() == pytest.approx(45, abs=0.1)
    made = OrderHistory.objects.get(order=order, type="offer.made")
    assert (made.payload["courier_id"], made.payload["attempt"]) == (courier.pk, 1)
    assert (made.actor_role, made.new_status, made.at) == ("system", "accepted", offer.made_at)
    assert Order.objects.get(pk=order.pk).courier_id is None


def test_a_person_has_ten_wall_seconds_in_a_city_that_runs_fast(courier: Courier) -> None:
    order = factories.accepted_order()
    City.objects.update(offer_seconds=45, offer_wall_seconds=10)
    set_clock(speed=60)
    offer = offer_to(courier, order)
    assert (offer.deadline - offer.made_at).total_seconds() == pytest.approx(600, abs=1)


def test_accepting_gives_the_order_its_courier(courier: Courier) -> None:
    offer = offer_to(courier)
    offers.accept(offer.id, courier=courier)
    order = the_order(offer)
    assert (state_of(offer), order.courier_id, facts(order)) == (
        "accepted",
        courier.pk,
        ["offer.made", "courier.assigned"],
    )
    assert Assignment.objects.get(order=order).state == "active"
    assigned = OrderHistory.objects.get(order=order, type="courier.assigned")
    assert (assigned.actor_role, assigned.actor_id) == ("courier", courier.user_id)


def test_pressing_accept_twice_is_one_acceptance(courier: Courier) -> None:
    offer = offer_to(courier)
    offers.accept(offer.id, courier=courier)
    assert offers.accept(offer.id, courier=courier).state == "accepted"
    assert facts(the_order(offer)) == ["offer.made", "courier.assigned"]


def test_an_offer_to_somebody_else_does_not_exist(courier: Courier, colleague: Courier) -> None:
    offer = offer_to(courier)
    for verb in (offers.accept, offers.decline):
        with pytest.raises(Offer.DoesNotExist):
            verb(offer.id, courier=colleague)
    assert (state_of(offer), facts(the_order(offer))) == ("open", ["offer.made"])


def test_past_its_deadline_an_offer_cannot_be_accepted_though_nobody_has_ended_it_yet(courier: Courier) -> None:
    offer = offer_to(courier)
    let_run_out(offer)
    with pytest.raises(OfferGone) as gone:
        offers.accept(offer.id, courier=courier)
    assert (gone.value.code, state_of(offer), facts(the_order(offer))) == ("expired", "open", ["offer.made"])


def test_an_offer_of_an_order_that_was_called_off_meanwhile_cannot_be_accepted(courier: Courier) -> None:
    """The release is still on its way to the worker: the order's own status decides."""
    offer = offer_to(courier)
    order = the_order(offer)
    lifecycle.cancel(order.id, by=Actor("operator"), reason="kitchen on fire")
    with pytest.raises(OfferGone) as gone:
        offers.accept(offer.id, courier=courier)
    assert (gone.value.code, state_of(offer)) == ("withdrawn", "open")
    assert facts(order) == ["offer.made", "order.cancelled"]


def test_declining_passes_the_order_on(courier: Courier) -> None:
    offer = offer_to(courier)
    before = commands("delivery.dispatch_zone")
    offers.decline(offer.id, courier=courier)
    offers.decline(offer.id, courier=courier)
    assert (state_of(offer), facts(the_order(offer))) == ("declined", ["offer.made", "offer.declined"])
    assert Assignment.objects.get(offer=offer).state == "ended"
    assert commands("delivery.dispatch_zone") == before + 1
    with pytest.raises(OfferGone) as gone:
        offers.accept(offer.id, courier=courier)
    assert gone.value.code == "declined"


def test_what_was_accepted_cannot_be_declined(courier: Courier) -> None:
    offer = offer_to(courier)
    offers.accept(offer.id, courier=courier)
    with pytest.raises(OfferGone) as gone:
        offers.decline(offer.id, courier=courier)
    assert (gone.value.code, state_of(offer)) == ("accepted", "accepted")


def test_who_comes_late_hears_that_somebody_has_it(courier: Courier, colleague: Courier) -> None:
    late = offer_to(courier)
    let_run_out(late)
    offers.expire(late.id)
    offers.accept(offer_to(colleague, the_order(late)).id, courier=colleague)
    with pytest.raises(OfferGone) as gone:
        offers.accept(late.id, courier=courier)
    assert (gone.value.code, the_order(late).courier_id) == ("taken", colleague.pk)


def test_expiry_waits_for_the_deadline(courier: Courier) -> None:
    offer = offer_to(courier)
    assert offers.expire(offer.id) is False
    assert (state_of(offer), facts(the_order(offer))) == ("open", ["offer.made"])
    let_run_out(offer)
    assert [offers.expire(offer.id), offers.expire(offer.id)] == [True, False]
    assert (state_of(offer), facts(the_order(offer))) == ("expired", ["offer.made", "offer.expired"])
    assert Courier.objects.get(pk=courier.pk).timeouts == 1


def test_three_time_outs_in_a_row_take_the_courier_offline(courier: Courier) -> None:
    order = factories.accepted_order()
    for expected in (True, True, False):
        offer = offer_to(courier, order)
        let_run_out(offer)
        offers.expire(offer.id)
        courier.refresh_from_db()
        assert courier.online is expected
    assert courier.shifts.get().ended_at is not None
    assert (courier.version, courier.timeouts) == (1, 0)
    assert commands("courier.offline") == 1


def test_an_answer_starts_the_count_of_time_outs_anew(courier: Courier) -> None:
    order = factories.accepted_order()
    for _ in range(2):
        offer = offer_to(courier, order)
        let_run_out(offer)
        offers.expire(offer.id)
    offers.decline(offer_to(courier, order).id, courier=courier)
    courier.refresh_from_db()
    assert (courier.online, courier.timeouts) == (True, 0)


def test_one_open_offer_a_courier_and_one_courier_an_order(courier: Courier, colleague: Courier) -> None:
    Courier.objects.update(capacity=5)
    first, second = factories.accepted_order(), factories.accepted_order()
    offer_to(courier, first)
    for order, to in ((second, courier), (first, colleague)):
        with pytest.raises(IntegrityError) as refused:
            offers.make(order.id, courier_id=to.pk)
        assert offers.is_lost_race(refused.value)
    assert Offer.objects.count() == 1


def test_no_offer_to_who_is_full_offline_or_past_their_shift(courier: Courier) -> None:
    order, other = factories.accepted_order(), factories.accepted_order()
    offers.accept(offer_to(courier, other).id, courier=courier)
    assert offers.make(order.id, courier_id=courier.pk) is None, "full"
    Courier.objects.update(capacity=2)
    courier.shifts.update(until=city_now())
    assert offers.make(order.id, courier_id=courier.pk) is None, "past the end of the shift"
    courier.shifts.update(until=None)
    Courier.objects.update(online=False)
    assert offers.make(order.id, courier_id=courier.pk) is None, "offline"
    assert facts(order) == []


def test_no_offer_of_an_order_that_nobody_accepted_or_that_ended(courier: Courier) -> None:
    paid, ended = factories.paid_order(), factories.accepted_order()
    lifecycle.cancel(ended.id, by=Actor("operator"), reason="test")
    assert offers.make(paid.id, courier_id=courier.pk) is None
    assert offers.make(ended.id, courier_id=courier.pk) is None
    assert Offer.objects.count() == 0


def test_an_order_nobody_wants_becomes_an_incident_until_somebody_takes_it(courier: Courier) -> None:
    City.objects.update(max_offers=2)
    order = factories.accepted_order()
    offers.decline(offer_to(courier, order).id, courier=courier)
    assert not Incident.objects.exists()
    for _ in range(2):
        offers.decline(offer_to(courier, order).id, courier=courier)
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.resolved_at) == ("undispatched", str(order.id), None)
    offers.accept(offer_to(courier, order).id, courier=courier)
    assert Incident.objects.get().resolved_at is not None


def test_that_incident_ends_with_the_order_too(courier: Courier) -> None:
    City.objects.update(max_offers=1)
    order = factories.accepted_order()
    offers.decline(offer_to(courier, order).id, courier=courier)
    lifecycle.give_up(order.id, by=lifecycle.SYSTEM, reason="no_courier")
    couriers.release(order.id)
    assert Incident.objects.get(kind="undispatched").resolved_at is not None
