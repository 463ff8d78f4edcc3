"""A browser page under watch: what it complains of, and whom it talks to."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

LOCAL = {"127.0.0.1", "localhost", ""}


class Watch:
    """Collects the errors and outside requests of every page of the contexts it is given."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.outside: list[str] = []

    def over(self, context: BrowserContext) -> BrowserContext:
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("page", self._page)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        return context

    def _page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.page.url if message.page else '?'})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOCAL:
            self.outside.append(request.url)
