"""Putting orders into a plan at the cheapest place."""

from __future__ import annotations

from collections.abc import Iterator

from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from .round import FEW, INFEASIBLE, Round, Route

#: Of an order's couriers those that a matching considers.
MATCHED = 16

#: Extra minutes, courier, the courier's new route.
Place = tuple[float, int, Route]


class Plan:
    """A route for each courier, and the orders left out."""

    def __init__(self, around: Round) -> None:
        self.round = around
        self.routes: dict[int, Route] = {}
        self.out: list[int] = []
        self._courier: dict[int, int] = {}
        self._minutes = 0.0

    def cost(self) -> float:
        """Minutes."""
        return self._minutes + self.round.weights.left_out * len(self.out)

    def copy(self) -> Plan:
        twin = Plan(self.round)
        twin.routes, twin.out = self.routes.copy(), self.out.copy()
        twin._courier, twin._minutes = self._courier.copy(), self._minutes
        return twin

    def put(self, courier: int, route: Route) -> None:
        """Give the courier this route in place of the one they had."""
        cost = self.round.cost
        self._minutes += cost(courier, route) - cost(courier, self.routes.get(courier, ()))
        if route:
            self.routes[courier] = route
        else:
            self.routes.pop(courier, None)
        for trip in route:
            for order in trip:
                self._courier[order] = courier

    def remove(self, orders: set[int]) -> None:
        for courier in sorted({self._courier.pop(order) for order in orders if order in self._courier}):
            trips = (tuple(order for order in trip if order not in orders) for trip in self.routes[courier])
            self.put(courier, tuple(trip for trip in trips if trip))

    def carries(self, order: int) -> bool:
        return order in self._courier


class Insertion:
    """Cheapest places in a round's plans, remembered by route: most routes stay as they are."""

    def __init__(self, around: Round) -> None:
        self.round = around
        self._known: dict[tuple[int, int, Route], tuple[float, Route]] = {}
        ends = [*around.end, *around.start_end]
        #: No insertion can gain more than this by ending nearer to the demand.
        self._slack = (max(ends) - min(ends)) if ends else 0.0

    def best_two(self, plan: Plan, order: int) -> tuple[Place, float]:
        """The cheapest place, and the minutes extra of the cheapest one with any other courier."""
        soonest = self.round.soonest[order]
        found = self._best_two(plan, order, soonest)
        if found[0][1] < 0 and len(self.round.free) > FEW:
            found = self._best_two(plan, order, self.round.all_soonest(order))
        return found

    def _best_two(self, plan: Plan, order: int, soonest: list[tuple[float, int]]) -> tuple[Place, float]:
        best: Place = (INFEASIBLE, -1, ())
        second = INFEASIBLE
        routes, slack = plan.routes, self._slack
        # By the triangle inequality nobody delivers sooner than straight from where they are.
        for least, courier in soonest:
            if least - slack >= second:
                break
            extra, route = self.cheapest(courier, routes.get(courier, ()), order)
            if extra < best[0]:
                best, second = (extra, courier, route), best[0]
            elif extra < second:
                second = extra
        return best, second

    def cheapest(self, courier: int, route: Route, order: int) -> tuple[float, Route]:
        """Minutes extra and the new route."""
        key = (courier, order, route)
        known = self._known.get(key)
        if known is None:
            cost = self.round.cost
            best, best_route = INFEASIBLE, route
            for option in self._options(courier, route, order):
                minutes = cost(courier, option)
                if minutes < best:
                    best, best_route = minutes, option
            known = self._known[key] = (best - cost(courier, route), best_route)
        return known

    def _options(self, courier: int, route: Route, order: int) -> Iterator[Route]:
        names, room = self.round.restaurant, self.round.room[courier]
        for at in range(len(route) + 1):
            yield (*route[:at], (order,), *route[at:])
        for at, trip in enumerate(route):
            if len(trip) < room and names[trip[0]] == names[order]:
                for door in range(len(trip) + 1):
                    yield (*route[:at], (*trip[:door], order, *trip[door:]), *route[at + 1 :])

    def match(self, plan: Plan, orders: list[int]) -> list[int]:
        """Give idle couriers an order each by the cheapest matching, for many orders at once; the rest come back."""
        around = self.round
        rows, columns, costs = [], [], []
        for row, order in enumerate(orders):
            idle = [pair for pair in around.soonest[order] if pair[1] not in plan.routes][:MATCHED]
            for minutes, courier in idle:
                rows.append(row)
                columns.append(courier)
                costs.append(minutes + around.end[order] - around.start_end[courier] + self._slack)
            # Nobody is a courier too, who can take any one order: so the matching is always a full one.
            rows.append(row)
            columns.append(len(around.free) + row)
            costs.append(around.weights.left_out)
        shape = (len(orders), len(around.free) + len(orders))
        pairs = min_weight_full_bipartite_matching(csr_matrix((costs, (rows, columns)), shape=shape))
        for row, courier in zip(*(side.tolist() for side in pairs), strict=True):
            if courier < len(around.free):
                plan.put(courier, ((orders[row],),))
        return [order for order in orders if not plan.carries(order)]

    def insert_all(self, plan: Plan, orders: list[int]) -> None:
        """Insert by regret: first the order that would lose most by not getting its best courier."""
        offers = {order: self.best_two(plan, order) for order in orders}
        while offers:
            chosen = max(offers, key=lambda order: (_regret(*offers[order]), -offers[order][0][0]))
            _, courier, route = offers.pop(chosen)[0]
            if courier < 0:
                plan.out.append(chosen)
                continue
            plan.put(courier, route)
            for order in offers:
                offers[order] = self.best_two(plan, order)


def _regret(best: Place, second: float) -> float:
    if best[0] == INFEASIBLE:
        return -1.0
    return min(second - best[0], 1e6)
