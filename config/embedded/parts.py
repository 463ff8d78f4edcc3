"""What `manage.py demo` runs, in one list: the one-shot steps, then the parts that stay.

To add a part, add a line to `parts()`; `needs` names what must be ready before it starts. A part says that it is
ready by calling `mark_ready()` (`ready.py`), or, for a web server, by answering at `health`. `--without NAME` leaves
one out, to run it by hand.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .ports import HOST

MANAGE = (sys.executable, "manage.py")
#: Before the command of a patient part.
PATIENT = ("nice", "-n", "10")
WORKER = (*(sys.executable, "-m", "celery", "-A", "config", "worker"), "--without-mingle", "--without-gossip")
#: A worker sees its open polls to their end before it goes (`messaging/sqs/leaving.py`): 20 s is long to wait.
WORKER_ENV = {"FORKROAD_SQS_WAIT_SECONDS": "3"}
#: What each pool of workers receives, and how many of its processes there may be at most (`config/scaling/`): a
#: demo must fit into 1.5 GiB, of which a worker takes some 130 MiB.
POOLS: dict[str, tuple[tuple[str, ...], int]] = {
    "payments": (("-Q", "payments", "-P", "prefork", "-c", "2"), 1),
    "others": (("-Q", "dispatch,notices,alerts", "-P", "threads", "-c", "8"), 2),
}


@dataclass(frozen=True)
class Options:
    """What was asked of the demo. `speed` is simulated seconds per second."""

    port: int
    #: Of the payment provider's sandbox.
    gateway_port: int = 29400
    #: Of the receiver of mail and push messages: HTTP and SMTP.
    receiver_port: int = 29080
    smtp_port: int = 29025
    speed: float = 60
    seed: int = 1
    instance: Path | None = None
    without: frozenset[str] = frozenset()
    #: Where the simulator writes down every order that it was promised, for `verify` to ask after.
    accepted: Path | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def gateway_url(self) -> str:
        return f"http://{HOST}:{self.gateway_port}"

    @property
    def receiver_url(self) -> str:
        return f"http://{HOST}:{self.receiver_port}"

    def mail(self) -> dict[str, str]:
        """What leads mail and push messages to the receiver."""
        return {"EMAIL_HOST": HOST, "EMAIL_PORT": str(self.smtp_port), "FORKROAD_RECEIVER_URL": self.receiver_url}

    def city(self) -> tuple[str, ...]:
        """Arguments that name the city, the same for seeding it and for playing it."""
        place = ("--instance", str(self.instance)) if self.instance else ("--city",)
        return (*place, "--seed", str(self.seed))

    def played(self) -> tuple[str, ...]:
        """The city's arguments for its players. Now and then somebody tries a fraud, so that there are cases to see."""
        return self.city() if self.instance else (*self.city(), "--crime", "0.02")

    def promises(self) -> tuple[str, ...]:
        """The argument that hands the file of promised orders on, where there is one."""
        return ("--accepted", str(self.accepted)) if self.accepted else ()

    def leaves_out(self, name: str) -> bool:
        """`worker` names every part called worker-…"""
        return any(name == left or name.startswith(f"{left}-") for left in self.without)

    def leaves_out_any(self, names: Iterable[str]) -> bool:
        return any(self.leaves_out(name) for name in names)


@dataclass(frozen=True)
class Step:
    """A command that does its work and ends."""

    name: str
    argv: tuple[str, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A command that stays; when it ends it is started again, unless `ends` says that it may.

    A `player` makes work for the others: it is ended first, and its standard output is kept. A `patient` part has the
    processor after the others: each fact wakes a dozen groups, and on two cores the order itself would wait for them.
    """

    name: str
    argv: tuple[str, ...]
    needs: tuple[str, ...] = ()
    health: str = ""
    ends: bool = False
    player: bool = False
    patient: bool = False
    env: dict[str, str] = field(default_factory=dict)


def steps(options: Options) -> list[Step]:
    return [
        Step("topology", (*MANAGE, "topology"), needs=("kafka", "sqs")),
        Step("migrate", (*MANAGE, "migrate", "--skip-checks", "--verbosity", "0"), needs=("postgres",)),
        Step("seed", (*MANAGE, "seed", *options.city(), "--speed", f"{options.speed:g}"), needs=("migrate",)),
    ]


def worker(pool: str, number: int = 1) -> tuple[str, ...]:
    """The command of a pool's worker; the first keeps the pool's name."""
    return (*WORKER, *POOLS[pool][0], "-n", f"{pool}@%h" if number == 1 else f"{pool}-{number}@%h")


def parts(options: Options) -> list[Part]:
    serve = (sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", HOST, "--port", str(options.port))
    sandbox = (sys.executable, "-m", "orders.payments.sandbox", "--host", HOST, "--port", str(options.gateway_port))
    receiver = (sys.executable, "-m", "notifications.receiver", "--host", HOST)
    every = [
        Part(
            "web",
            # Live pages hold their connection open: a stop must not wait for them.
            (*serve, "--no-access-log", "--timeout-graceful-shutdown", "2"),
            needs=("seed",),
            health=f"{options.url}/healthz",
        ),
        Part(
            "gateway",
            (*sandbox, "--webhook", f"{options.url}/payments/webhook"),
            health=f"{options.gateway_url}/healthz",
        ),
        Part(
            "receiver",
            (*receiver, "--port", str(options.receiver_port), "--smtp-port", str(options.smtp_port)),
            health=f"{options.receiver_url}/healthz",
        ),
        Part("worker-payments", worker("payments"), needs=("web", "topology"), env=WORKER_ENV),
        Part("worker-others", worker("others"), needs=("web", "topology"), env=WORKER_ENV),
        # Left out with the workers: it would start what somebody wants to run by hand.
        Part("worker-scaler", (*MANAGE, "scale"), needs=("worker-payments", "worker-others"), env=WORKER_ENV),
        Part("relay", (*MANAGE, "relay"), needs=("web", "topology")),
        Part("sweep", (*MANAGE, "sweep"), needs=("web", "topology")),
        Part("consume", (*MANAGE, "consume"), needs=("web", "topology"), patient=True),
        Part(
            "simulate",
            (*MANAGE, "simulate", *options.played(), "--url", options.url, "--json", *options.promises()),
            needs=("gateway", "worker-payments", "worker-others", "relay", "sweep", "consume"),
            ends=options.instance is not None,
            player=True,
        ),
    ]
    return [part for part in every if not options.leaves_out(part.name)]
