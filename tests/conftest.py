"""What holds for every test: the tier that runs, and that CI skips nothing."""

import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

pytest_plugins = ["support.figures"]

# In the background of a shell SIGINT is ignored, and would be in every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline for one example would be an assertion on time.
settings.register_profile("edge", deadline=None)
settings.load_profile("edge")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--tier release` adds the long trials to the daily ones."""
    parser.addoption(
        "--tier",
        choices=("daily", "release"),
        default="daily",
        help="daily: what CI runs; release: also the long trials marked so",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, rather than skip, the long trials on a daily run."""
    if config.getoption("--tier") == "release":
        return
    long_trials = [item for item in items if item.get_closest_marker("release")]
    if long_trials:
        config.hook.pytest_deselected(items=long_trials)
        items[:] = [item for item in items if item not in long_trials]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: green must mean that everything ran."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped in CI ({call.excinfo}): install what it needs in .ci/run"
        )
    return report
