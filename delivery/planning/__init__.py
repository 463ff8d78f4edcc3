"""Which courier carries which orders when: policies over plain data, without Django or a database.

`model` says what a policy sees and answers; `policies` names them all; `planner` is the one to use.
"""

from .model import City, Courier, Job, Order, Policy, View
from .policies import POLICIES

__all__ = ["POLICIES", "City", "Courier", "Job", "Order", "Policy", "View"]
