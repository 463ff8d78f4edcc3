"""A stand-in for a part: says it is ready, starts a child of its own, and lives until it is ended.

`python standin.py NAME [--silent | --fail]` writes its process id and its child's to `NAME.pids`.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    name, *flags = sys.argv[1:]
    if "--fail" in flags:
        sys.exit("no such luck")
    child = subprocess.Popen(["sleep", "60"])
    with Path(f"{name}.pids").open("a") as file:
        file.write(f"{os.getpid()} {child.pid}\n")
    if "--silent" not in flags:
        Path(os.environ["FORKROAD_READY_FILE"]).touch()
    while True:
        time.sleep(60)
