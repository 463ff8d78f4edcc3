"""A round's problem in indices: what each route of a courier costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import Floats, View, points
from .price import HORIZON, spent

#: Orders in the sequence of their doors.
Trip = tuple[int, ...]
Route = tuple[Trip, ...]

INFEASIBLE = float("inf")
#: Couriers up to whom all are looked at for an order.
FEW = 128
#: Of more, those looked at before all are: so many of the soonest at its counter, and of the nearest to it.
NEAREST = 32
#: Minutes before the end of a shift over which the charge for the last place fades.
SHIFT_END = 60.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What a plan's cost is made of, in minutes of click-to-door.

    over: for an order that comes after the city's maximum at all; where not all can make it, those who cannot wait
    late: for each minute over the maximum
    left_out: for an order in no route; more than any delivery can cost
    end: for each minute between a courier's last door and where orders come from
    time: for each minute of a courier's shift on the way or serving, so that of equals the shorter trip is taken
    scarce: for the same minute in addition, where nobody is idle (see `price`)
    bundle: most orders of a trip
    """

    over: float = 300.0
    late: float = 1.0
    left_out: float = 5000.0
    end: float = 0.25
    time: float = 0.05
    scarce: float = 0.8
    bundle: int = 3


class Rows(dict[int, list[float]]):
    """A matrix whose rows become lists, quicker to index, only when they are asked for."""

    def __init__(self, row: Callable[[int], Floats]) -> None:
        self._row = row

    def __missing__(self, index: int) -> list[float]:
        listed: list[float] = self._row(index).tolist()
        self[index] = listed
        return listed


class Round:
    """n orders, m couriers by index; costs of routes, remembered.

    Distances are kept to restaurants, of which there are fewer than orders.
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
        names = {name: index for index, name in enumerate(sorted({order.restaurant for order in view.orders}))}
        self.restaurant = [names[order.restaurant] for order in view.orders]
        self.placed = [order.placed_at for order in view.orders]
        self.ready = [order.ready_at for order in view.orders]
        self.free = [max(courier.free_at, view.now) for courier in view.couriers]
        self.off = [courier.off_at for courier in view.couriers]
        self.now = view.now
        #: What being busy from now on costs by whole minutes, and the minutes of each courier that count.
        self.spent = spent(view, always=weights.time, scarce=weights.scarce)
        self.paid = [max(0.0, min(HORIZON, courier.off_at - view.now)) for courier in view.couriers]
        self.room = [min(weights.bundle, courier.room) for courier in view.couriers]

        counters = points([city.restaurants[name] for name in names])
        doors = points([order.door for order in view.orders])
        places = points([courier.place for courier in view.couriers])
        #: (m, restaurants) and (n, restaurants) minutes
        self.ways, self.backs = city.travel(places, counters), city.travel(doors, counters)
        carry = self.backs[np.arange(len(doors)), self.restaurant]
        self.from_place = Rows(self.ways.__getitem__)
        self.carry: list[float] = carry.tolist()
        self.back = Rows(self.backs.__getitem__)
        self.between = Rows(lambda door: city.travel(doors[door : door + 1], doors)[0])
        self.end: list[float] = (weights.end * (city.travel(doors, demand[0]) @ demand[1])).tolist()
        self.start_end: list[float] = (weights.end * (city.travel(places, demand[0]) @ demand[1])).tolist()

        self._free, self._off = np.array(self.free), np.array(self.off)
        self._least = carry + (self.from_counter + self.to_door) - np.array(self.placed)
        refusing = [column for column, courier in enumerate(view.couriers) if courier.passed_over]
        self._refusals: dict[int, list[int]] = {}
        for row, order in enumerate(view.orders):
            if refused := [column for column in refusing if order.id in view.couriers[column].passed_over]:
                self._refusals[row] = refused
        #: For each order couriers who could carry it, soonest first, with the cost were it their only one (minutes).
        self.soonest = self._ranked(range(len(doors)), self._nearest())
        self._all: dict[int, list[tuple[float, int]]] = {}
        self._costs: dict[tuple[int, Route], float] = {}

    def _nearest(self) -> NDArray[np.intp]:
        """(restaurants, k) couriers who are there soonest, or nearest; repeated where they are fewer than k."""
        count, width = len(self.free), self.ways.shape[1]
        if count <= FEW:
            return np.broadcast_to(np.arange(count), (width, count))
        near = np.ascontiguousarray(self.ways.T)
        soon = near + self._free
        chosen = np.zeros((width, count), dtype=bool)
        for minutes in (near, soon):
            np.put_along_axis(chosen, np.argpartition(minutes, NEAREST, axis=1)[:, :NEAREST], True, axis=1)
        rows, columns = np.nonzero(chosen)
        counts = np.bincount(rows, minlength=width)
        listed = np.repeat(columns[np.cumsum(counts) - 1], counts.max()).reshape(width, -1)
        listed[rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)] = columns
        return listed

    def _ranked(self, orders: Sequence[int], couriers: NDArray[np.intp]) -> list[list[tuple[float, int]]]:
        """For each order those of its restaurant's `couriers` who could carry it, soonest first, with the minutes."""
        rows = np.array(orders, dtype=int)
        shops = np.array(self.restaurant, dtype=int)[rows]
        among = couriers[shops]
        way = self.ways[among, shops[:, np.newaxis]]
        pickup = np.maximum(self._free[among] + way + self.to_counter, np.array(self.ready)[rows, np.newaxis])
        took = pickup + self._least[rows, np.newaxis]
        late = took - self.maximum
        took += np.where(late > 0, self.weights.over + self.weights.late * late, 0.0)
        took[pickup > self._off[among]] = INFEASIBLE
        for at, order in enumerate(rows.tolist()):
            for refusing in self._refusals.get(order, ()):
                took[at, among[at] == refusing] = INFEASIBLE
        # Ties go to the nearer courier: the other stays for what comes.
        within = np.lexsort((among, took + 1e-6 * way))
        ranked, least = np.take_along_axis(among, within, axis=1), np.take_along_axis(took, within, axis=1)
        return [
            # Who is listed twice stands side by side.
            [pair for at, pair in enumerate(pairs) if pair[0] < INFEASIBLE and (not at or pair[1] != pairs[at - 1][1])]
            for pairs in (
                list(zip(minutes, names, strict=True))
                for minutes, names in zip(least.tolist(), ranked.tolist(), strict=True)
            )
        ]

    def all_soonest(self, order: int) -> list[tuple[float, int]]:
        """As `soonest`, of every courier who could carry the order."""
        known = self._all.get(order)
        if known is None:
            everyone = np.broadcast_to(np.arange(len(self.free)), (self.ways.shape[1], len(self.free)))
            known = self._all[order] = self._ranked([order], everyone)[0]
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
        restaurant = self.restaurant
        over, late, maximum = self.weights.over, self.weights.late, self.maximum
        now, spent, paid = self.now, self.spent, self.paid[courier]
        to_door, from_door, from_counter = self.to_door, self.from_door, self.from_counter
        total = 0.0
        clock = self.free[courier]
        place = self.from_place[courier]
        last = -1
        for trip in route:
            if last >= 0:
                place = self.back[last]
            way = place[restaurant[trip[0]]]
            arrived = clock + way + self.to_counter
            pickup = arrived
            for order in trip:
                if ready[order] > pickup:
                    pickup = ready[order]
            if pickup > off:
                return INFEASIBLE
            left = pickup - way - self.to_counter
            last = -1
            clock = pickup + from_counter
            for order in trip:
                clock += (self.carry[order] if last < 0 else between[last][order]) + to_door
                took = clock - placed[order]
                total += took
                if took > maximum:
                    total += over + late * (took - maximum)
                clock += from_door
                last = order
            total += spent[int(min(clock - now, paid))] - spent[int(min(left - now, paid))]
        # Where the shift ends soon it matters little where.
        rest = max(0.0, min(1.0, (off - clock) / SHIFT_END))
        return total + rest * (self.end[last] - self.start_end[courier])

    def leaves_at(self, courier: int, trip: Trip) -> float:
        """When the courier must set out to find the trip's last order just ready, or is free, if that is later."""
        ready = max(self.ready[order] for order in trip)
        return max(self.free[courier], ready - self.to_counter - self.from_place[courier][self.restaurant[trip[0]]])
