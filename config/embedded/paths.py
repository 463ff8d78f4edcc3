"""Where the embedded stack keeps what it makes."""

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path

from .errors import EmbeddedError

CHECKOUT = Path(__file__).resolve().parents[2]

#: PostgreSQL refuses to run as root; this account exists everywhere and owns nothing else of ours.
SERVER_USER = "nobody"


def home() -> Path:
    """Run state of this checkout: run.env, logs, data, process ids."""
    return Path(os.environ.get("FORKROAD_HOME") or CHECKOUT / ".forkroad").absolute()


def cache() -> Path:
    """Downloads that outlive a run and are shared by every checkout of this user."""
    named = os.environ.get("FORKROAD_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(base) / "forkroad"


def package_folder(package: str) -> Path:
    """Where an installed package lies, found without importing it (the wheels do much at import)."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"the Python package {package} is not installed: the embedded stack needs requirements/demo.txt "
            "(`make demo` installs it). To use servers of your own, set DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS and "
            "SQS_ENDPOINT_URL and start the parts by hand."
        )
    return Path(spec.origin).parent


def is_root() -> bool:
    return os.geteuid() == 0


def shared_data() -> Path:
    """Where root keeps PostgreSQL's data: a folder that another account may enter without opening anyone's home."""
    return Path(os.environ.get("FORKROAD_DATA") or "/var/lib/forkroad")


def postgres_data(home: Path) -> Path:
    """PostgreSQL's data folder for this run state.

    As root it lies outside the checkout, which may be in a folder only root can enter; `origin.json` beside it
    says whose it is, so that `make clean` finds it.
    """
    if not is_root():
        return home / "postgres"
    folder = shared_data() / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    (folder / "origin.json").write_text(json.dumps({"checkout": str(CHECKOUT), "home": str(home)}))
    return folder / "postgres"


def remove_data(home: Path) -> None:
    """Remove a run state with all its data, the part outside it included."""
    if is_root():
        shutil.rmtree(postgres_data(home).parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def remove_everything() -> list[Path]:
    """Remove all that this checkout's stacks ever left on the machine; return what was removed."""
    removed = []
    for origin in shared_data().glob("*/origin.json"):
        if json.loads(origin.read_text()).get("checkout") == str(CHECKOUT):
            shutil.rmtree(origin.parent, ignore_errors=True)
            removed.append(origin.parent)
    others = list(shared_data().glob("*/origin.json"))
    for folder in (home(), cache(), *([] if others else [shared_data()])):
        if folder.exists() and (folder != shared_data() or is_root()):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed
