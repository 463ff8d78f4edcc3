"""A round's problem in indices: what each route of a courier costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .model import Floats, View, points

#: Orders in the sequence of their doors.
Trip = tuple[int, ...]
Route = tuple[Trip, ...]

INFEASIBLE = float("inf")
#: Couriers looked at for an order before all are.
NEAREST = 48
#: Minutes before the end of a shift over which the charge for the last place fades.
SHIFT_END = 60.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What a plan's cost is made of, in minutes of click-to-door.

    late: for each minute over the city's maximum
    left_out: for an order in no route; more than any delivery can cost
    end: for each minute between a courier's last door and where orders come from
    time: for each minute a courier is on the way or serving; more where couriers are scarce
    """

    late: float = 5.0
    left_out: float = 5000.0
    end: float = 0.25
    time: float = 0.0
    bundle: int = 3


class Rows(dict[int, list[float]]):
    """A matrix whose rows become lists, quicker to index, only when they are asked for."""

    def __init__(self, matrix: Floats) -> None:
        self.matrix = matrix

    def __missing__(self, row: int) -> list[float]:
        listed: list[float] = self.matrix[row].tolist()
        self[row] = listed
        return listed


class Round:
    """n orders, m couriers by index; costs of routes, remembered.

    demand: (k, 2) places where orders will come from, with (k,) weights that sum to 1
    """

    def __init__(self, view: View, *, weights: Weights, demand: tuple[Floats, Floats]) -> None:
        city = view.city
        self.weights = weights
        self.to_counter = city.pickup_minutes / 2
        self.from_counter = city.pickup_minutes - self.to_counter
        self.to_door = city.dropoff_minutes / 2
        self.from_door = city.dropoff_minutes - self.to_door
        self.maximum = city.maximum_minutes
        self.restaurant = [order.restaurant for order in view.orders]
        self.placed = [order.placed_at for order in view.orders]
        self.ready = [order.ready_at for order in view.orders]
        self.free = [max(courier.free_at, view.now) for courier in view.couriers]
        self.off = [courier.off_at for courier in view.couriers]

        counters = points([city.restaurants[name] for name in self.restaurant])
        doors = points([order.door for order in view.orders])
        places = points([courier.place for courier in view.couriers])
        to_counter = city.travel(places, counters)
        carry = np.ceil(np.sqrt(((counters - doors) ** 2).sum(axis=1)) / city.metres_per_minute)
        self.from_place = Rows(to_counter)
        self.carry: list[float] = carry.tolist()
        self.back = Rows(city.travel(doors, counters))
        self.between = Rows(city.travel(doors, doors))
        self.end: list[float] = (weights.end * (city.travel(doors, demand[0]) @ demand[1])).tolist()
        self.start_end: list[float] = (weights.end * (city.travel(places, demand[0]) @ demand[1])).tolist()

        self._alone(view, to_counter, carry)
        self._all: dict[int, list[tuple[float, int]]] = {}
        self._costs: dict[tuple[int, Route], float] = {}

    def _alone(self, view: View, to_counter: Floats, carry: Floats) -> None:
        """For each order the couriers who could carry it, soonest first, were it their only one."""
        free, off = np.array(self.free), np.array(self.off)
        ready, placed = np.array(self.ready), np.array(self.placed)
        pickup = np.maximum(free[:, np.newaxis] + to_counter + self.to_counter, ready[np.newaxis, :])
        took = pickup + (self.from_counter + carry + self.to_door - placed)[np.newaxis, :]
        took += self.weights.late * np.maximum(took - self.maximum, 0.0)
        took[pickup > off[:, np.newaxis]] = INFEASIBLE
        rows = {order.id: index for index, order in enumerate(view.orders)}
        for column, courier in enumerate(view.couriers):
            for refused in courier.passed_over:
                if refused in rows:
                    took[column, rows[refused]] = INFEASIBLE
        self.took = took
        # Ties go to the nearer courier: the other stays for what comes.
        self._rank = took + 1e-6 * to_counter
        self.soonest = self._ranked(min(NEAREST, len(free)))

    def _ranked(self, count: int) -> list[list[tuple[float, int]]]:
        """For each order the `count` couriers who could carry it soonest, with the cost then (minutes)."""
        if count < len(self._rank):
            some = np.argpartition(self._rank, count, axis=0)[:count]
        else:
            some = np.broadcast_to(np.arange(len(self._rank))[:, np.newaxis], self._rank.shape)
        within = np.argsort(np.take_along_axis(self._rank, some, axis=0), axis=0, kind="stable")
        ranked = np.take_along_axis(some, within, axis=0)
        least = np.take_along_axis(self.took, ranked, axis=0)
        counts = np.isfinite(least).sum(axis=0).tolist()
        return [
            list(zip(minutes[:last], couriers[:last], strict=True))
            for minutes, couriers, last in zip(least.T.tolist(), ranked.T.tolist(), counts, strict=True)
        ]

    def all_soonest(self, order: int) -> list[tuple[float, int]]:
        """As `soonest`, of every courier who could carry the order."""
        known = self._all.get(order)
        if known is None:
            couriers = np.argsort(self._rank[:, order], kind="stable").tolist()
            minutes = self.took[:, order].tolist()
            known = self._all[order] = [(minutes[each], each) for each in couriers if minutes[each] < INFEASIBLE]
        return known

    def cost(self, courier: int, route: Route) -> float:
        """Minutes; infinite where a pickup would come after the courier's shift."""
        key = (courier, route)
        known = self._costs.get(key)
        if known is None:
            known = self._costs[key] = self._cost(courier, route)
        return known

    def _cost(self, courier: int, route: Route) -> float:
        if not route:
            return 0.0
        ready, placed, between, off = self.ready, self.placed, self.between, self.off[courier]
        late, maximum = self.weights.late, self.maximum
        to_door, from_door, from_counter = self.to_door, self.from_door, self.from_counter
        total = 0.0
        clock = self.free[courier]
        place = self.from_place[courier]
        busy = 0.0
        last = -1
        for trip in route:
            first = trip[0]
            if last >= 0:
                place = self.back[last]
            arrived = clock + place[first] + self.to_counter
            pickup = arrived
            for order in trip:
                if ready[order] > pickup:
                    pickup = ready[order]
            if pickup > off:
                return INFEASIBLE
            left = pickup - place[first] - self.to_counter
            last = -1
            clock = pickup + from_counter
            for order in trip:
                clock += (self.carry[order] if last < 0 else between[last][order]) + to_door
                took = clock - placed[order]
                total += took
                if took > maximum:
                    total += late * (took - maximum)
                clock += from_door
                last = order
            busy += clock - left
        # Where the shift ends soon it matters little where.
        rest = max(0.0, min(1.0, (off - clock) / SHIFT_END))
        return total + self.weights.time * busy + rest * (self.end[last] - self.start_end[courier])

    def leaves_at(self, courier: int, trip: Trip) -> float:
        """When the courier must set out to find the trip's last order just ready, or is free, if that is later."""
        ready = max(self.ready[order] for order in trip)
        return max(self.free[courier], ready - self.to_counter - self.from_place[courier][trip[0]])
