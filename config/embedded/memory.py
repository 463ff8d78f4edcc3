"""What the whole system takes of the machine's memory."""

from pathlib import Path

import psutil


def proportional_bytes(pid: int) -> int:
    """The process's proportional share (PSS): shared pages counted once in the sum. Elsewhere than Linux its RSS.

    Raises psutil.NoSuchProcess when it has ended.
    """
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return int(psutil.Process(pid).memory_info().rss)


def tree_bytes(pid: int) -> int:
    """Sum over the process and all its descendants; 0 when it has ended."""
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in processes:
        try:
            total += proportional_bytes(process.pid)
        except psutil.NoSuchProcess:
            continue
    return total
