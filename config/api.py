"""The JSON API at /api/: each room's router, mounted here, and one shape for every error."""

from __future__ import annotations

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from ninja import NinjaAPI

from accounts.api import router as accounts_router
from delivery.api import router as delivery_router
from notifications.api import router as notifications_router
from orders.api import router as orders_router

from .problems import install_handlers

# The API page styles its parts from its scripts; only there may a page do so.
api = NinjaAPI(
    title="Forkroad",
    version="1",
    docs_url="/docs",
    docs_decorator=csp_update({"style-src": [UNSAFE_INLINE]}),
    urls_namespace="api",
)
api.add_router("", accounts_router)
api.add_router("", orders_router)
api.add_router("", delivery_router)
api.add_router("", notifications_router)
install_handlers(api)
