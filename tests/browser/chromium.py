"""Finding a Chromium to drive, or getting one: `python -m tests.browser.chromium` prints its path.

In this order: FORKROAD_CHROMIUM, one on the system, Playwright's own, Playwright's download, Debian's package.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: Background networking is Chromium's own talk with its maker, which no test needs.
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync"]


class NoChromium(RuntimeError):
    """There is no Chromium, and none could be had."""


def find_chromium(playwright: Playwright) -> str:
    """The path of a Chromium that is here; it is installed where it is not.

    Raises:
        NoChromium: says what was tried and what to do.
    """
    if chosen := os.environ.get("FORKROAD_CHROMIUM"):
        if not shutil.which(chosen):
            raise NoChromium(f"FORKROAD_CHROMIUM is {chosen}, which cannot be run: set it to a Chromium's path.")
        return chosen
    if found := _present(playwright):
        return found
    tried = []
    for name, command in _ways_to_install():
        print(f"No Chromium found: {name} …", file=sys.stderr, flush=True)
        tried.append(f"{name}: {_run(command)}")
        if found := _present(playwright):
            return found
    raise NoChromium(
        "The browser tests need a Chromium and none could be had. Install one (Debian: apt-get install chromium) or"
        " set FORKROAD_CHROMIUM to its path.\n" + "\n".join(tried)
    )


def _present(playwright: Playwright) -> str | None:
    for name in NAMES:
        if path := shutil.which(name):
            return path
    own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def _ways_to_install() -> Iterator[tuple[str, list[list[str]]]]:
    download = [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"]
    yield "Playwright's download", [download]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        yield (
            "Debian's package",
            [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]],
        )


def _run(commands: list[list[str]]) -> str:
    """Run until one fails; the last words of the one that did, or "installed"."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip().splitlines()
            return words[-1] if words else f"exit code {done.returncode}"
    return "installed, but still not found"


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium; as root it runs without its sandbox, which only works for ordinary users."""
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    path = find_chromium(playwright)
    try:
        return playwright.chromium.launch(executable_path=path, args=arguments)
    except PlaywrightError as error:
        raise NoChromium(f"{path} does not start: {error}") from error


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser for as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield browser
        finally:
            if settings.configured:
                # Under Playwright's event loop Django keeps a connection that nobody finds again after it.
                connections.close_all()
            browser.close()


def main() -> int:
    try:
        with sync_playwright() as playwright:
            print(find_chromium(playwright))
    except NoChromium as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
