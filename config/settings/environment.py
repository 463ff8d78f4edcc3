"""Where settings come from: the process's environment first, then the file a running demo leaves behind.

`.forkroad/run.env` holds the addresses of the running system, so that `verify`, a debugger or a shell
started beside it find the same servers. A variable that is really set always wins.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parents[2]

env = environ.Env()

#: Run state of this checkout: addresses, logs, process ids.
FORKROAD_HOME = Path(env.str("FORKROAD_HOME", default=str(BASE_DIR / ".forkroad")))

if (FORKROAD_HOME / "run.env").is_file():
    environ.Env.read_env(str(FORKROAD_HOME / "run.env"), overwrite=False)

#: Prefix of every topic, queue, consumer group and lock, so that two systems can share the same servers.
NAMESPACE: str = env.str("FORKROAD_NAMESPACE", default="")
