from collections.abc import Generator, Iterator

import pytest
from django.conf import settings

from messaging import topology

from .trials import FULL, ROWS, SEED, Row, row


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Row]:
    """The matrix row named by `@pytest.mark.fault(number, "what is done")`; it counts this test's trials."""
    number, text = request.node.get_closest_marker("fault").args
    this = row(number, text)
    yield this
    if getattr(request.node, "failed_call", False):
        this.failed = True


@pytest.fixture
def roads(namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues and topics of this test alone, for it and for the processes that it starts."""
    monkeypatch.setenv("FORKROAD_NAMESPACE", namespace)
    monkeypatch.setenv("PAYMENT_GATEWAY_KEY", settings.PAYMENT_GATEWAY_KEY)
    topology.apply()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        item.failed_call = True  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ROWS:
        return
    terminalreporter.section(f"fault matrix, {'full' if FULL else 'short cut'}, seed {SEED}")
    for _, entry in sorted(ROWS.items()):
        measures = "".join(f"; {name} {value}" for name, value in entry.measures.items())
        terminalreporter.write_line(f"{entry.number:>3}  {entry.fault}: {entry.verdict}{measures}")
