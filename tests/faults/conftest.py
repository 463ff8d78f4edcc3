from collections.abc import Generator, Iterator

import pytest
from django.conf import settings

from messaging import topology

from .trials import Row


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Row]:
    """The matrix row named by `@pytest.mark.fault(number, "what is done")`; it counts this test's trials."""
    number, text = request.node.get_closest_marker("fault").args
    this = Row(number, text)
    yield this
    this.failed = getattr(request.node, "failed_call", False)
    this.report(request.node)


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
