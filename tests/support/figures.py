"""The figures that trials reach: collected from every worker, printed as one table, written as JSON.

A pytest plugin. A trial says what it has measured by the fixture `figure`; the run ends with a table of them,
and `--report FILE` writes the same as JSON: every zero beside the number of trials.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import pytest

_PROPERTY = "figure"


class Figure(Protocol):
    """Notes what one trial has measured."""

    def __call__(self, what: str, **numbers: float | str) -> None:
        """Note the numbers.

        Args:
            what: The row of the table, such as "spool, random kill -9".
            numbers: Name -> value, with the unit in the name: `kills=2000, lost=0, recovery_p99_ms=16.2`.
        """


@pytest.fixture
def figure(record_property: Any) -> Figure:
    """Notes what the test has measured; the table at the end of the run shows it."""

    def note(what: str, **numbers: float | str) -> None:
        record_property(_PROPERTY, {"what": what, **numbers})

    return note


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--report FILE` writes the figures as JSON."""
    parser.addoption("--report", type=Path, help="write what the trials have measured to this JSON file")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the figures, and write them where `--report` says."""
    figures = sorted(_figures(terminalreporter), key=lambda figure: (figure["what"], figure["test"]))
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        numbers = ", ".join(
            f"{name} {value}" for name, value in figure.items() if name not in {"what", "test", "outcome"}
        )
        terminalreporter.line(f"{figure['what']}: {numbers} [{figure['outcome']}]")
    report: Path | None = config.getoption("--report")
    if report is not None:
        counts = {name: len(terminalreporter.getreports(name)) for name in ("passed", "failed", "error")}
        report.write_text(json.dumps({"tests": counts, "figures": figures}, indent=2) + "\n")


def _figures(terminalreporter: Any) -> Iterable[dict[str, Any]]:
    for outcome in ("passed", "failed"):
        for result in terminalreporter.getreports(outcome):
            if result.when == "call":
                for name, value in result.user_properties:
                    if name == _PROPERTY:
                        yield {**value, "test": result.nodeid, "outcome": outcome}
