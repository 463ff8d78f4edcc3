"""Who works in the admin: four groups, each with what its work needs and no more.

A group's change permission for a model that nobody edits stands for its actions: retry, redrive, pause, refund, …
Roles are another matter: an account with the role of operator opens the operator's pages with all they can do. Staff of
these groups who should not have that keep the role of customer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db import transaction

#: Models that show who somebody is or where they live, or that only say who may do what.
PERSONAL = frozenset(
    {
        "accounts.address",
        "accounts.user",
        "account.emailaddress",
        "admin.logentry",
        "mfa.authenticator",
        "notifications.device",
    }
)
ROOMS = ("orders", "delivery", "notifications", "analytics", "messaging")


@dataclass(frozen=True, slots=True)
class Job:
    """`rooms` are seen whole, personal data left out; `sees` and `does` name what comes to that."""

    rooms: tuple[str, ...] = ()
    sees: frozenset[str] = frozenset()
    does: frozenset[str] = frozenset()


GROUPS: dict[str, Job] = {
    # Talks to people: finds them and their orders, gives money back, sends a notice again, blocks who misuses.
    "support": Job(
        rooms=("orders", "delivery", "notifications"),
        sees=frozenset({"accounts.user", "accounts.address", "account.emailaddress", "analytics.fraudcase"}),
        does=frozenset(
            {
                "accounts.change_user",
                "accounts.delete_user",
                "notifications.change_notice",
                "orders.change_order",
                "orders.change_refund",
            }
        ),
    ),
    # Keeps the city and its roads going.
    "operations": Job(
        rooms=ROOMS,
        # To choose the account of a courier or a restaurant.
        sees=frozenset({"accounts.user", "admin.logentry"}),
        does=frozenset(
            {
                "delivery.add_courier",
                "delivery.add_zone",
                "delivery.change_courier",
                "delivery.change_zone",
                "messaging.change_deadletter",
                "messaging.change_incident",
                "messaging.change_outboxrow",
                "messaging.change_parkedrecord",
                "notifications.change_notice",
                "orders.add_menuitem",
                "orders.add_menuoption",
                "orders.add_openinghours",
                "orders.add_optiongroup",
                "orders.add_restaurant",
                "orders.change_city",
                "orders.change_menuitem",
                "orders.change_menuoption",
                "orders.change_openinghours",
                "orders.change_optiongroup",
                "orders.change_order",
                "orders.change_restaurant",
                "orders.delete_menuitem",
                "orders.delete_menuoption",
                "orders.delete_openinghours",
                "orders.delete_optiongroup",
            }
        ),
    ),
    # Answers for the money.
    "finance": Job(
        rooms=("orders",),
        sees=frozenset({"analytics.auditentry", "analytics.fraudcase", "analytics.frauddecision"}),
        does=frozenset({"orders.change_payment", "orders.change_refund"}),
    ),
    # Looks at everything but people, and touches nothing.
    "analyst": Job(rooms=ROOMS),
}


@transaction.atomic
def write_groups() -> dict[str, int]:
    """Bring each group to what stands here; group → how many permissions. Members and other groups are left alone.

    Raises:
        LookupError: a permission is not in the database: migrate first.
    """
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    found = {}
    for name, job in GROUPS.items():
        wanted = _permissions(job, known)
        if missing := wanted - known.keys():
            raise LookupError(f"There is no permission {', '.join(sorted(missing))}: run `manage.py migrate` first.")
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set([known[each] for each in wanted])
        found[name] = len(wanted)
    return found


def _permissions(job: Job, known: Iterable[str]) -> set[str]:
    seen = {
        each
        for each in known
        if (app := each.split(".")[0]) in job.rooms
        and each.startswith(f"{app}.view_")
        and each.replace("view_", "") not in PERSONAL
    }
    return seen | {each.replace(".", ".view_") for each in job.sees} | job.does
