"""The room's JSON API: the city and its menus for all, orders for customers, orders for restaurants."""

from ninja import Router

from . import customer, payments, restaurant, town

router = Router()
router.add_router("", town.router)
router.add_router("", customer.router)
router.add_router("", payments.router)
router.add_router("/restaurant", restaurant.router)

__all__ = ["router"]
