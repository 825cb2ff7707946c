"""The figures that trials reach: collected from every worker, printed as one table, written as JSON.

A pytest plugin. A trial says what it has measured by the fixture `figure`; the run ends with a table of them,
one row for each `what` however many tests it was cut into, and `--report FILE` writes the same as JSON: every
zero beside the number of trials.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

import pytest

_PROPERTY = "figure"
_MEASURES = ("_ms", "_s", "_mib")  # names that end so are no counts: the largest value tells


class Figure(Protocol):
    """Notes what one trial has measured."""

    def __call__(self, what: str, **numbers: float | str) -> None:
        """Note the numbers.

        Args:
            what: The row of the table, such as "spool, random kill -9".
            numbers: Name -> value, with the unit in the name: `kills=2000, lost=0, recovery_p99_ms=16.2`. Of
                tests with the same `what` whole numbers are added up, and of fractions and of names that end
                in a unit the largest counts. `seed` is shown where a test has failed.
        """


@pytest.fixture
def figure(record_property: Any) -> Figure:
    """Notes what the test has measured; the table at the end of the run shows it."""

    def note(what: str, **numbers: float | str) -> None:
        # Workers send it to each other: a word that is a member of an enumeration could not travel.
        plain = {name: str(value) if isinstance(value, str) else value for name, value in numbers.items()}
        record_property(_PROPERTY, {"what": what, **plain})

    return note


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--report FILE` writes the figures as JSON."""
    parser.addoption("--report", type=Path, help="write what the trials have measured to this JSON file")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the figures, and write them where `--report` says."""
    figures = merged(_figures(terminalreporter))
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        numbers = ", ".join(
            f"{name} {value}" for name, value in figure.items() if name not in {"what", "outcome"}
        )
        terminalreporter.line(f"{figure['what']}: {numbers} [{figure['outcome']}]")
    report: Path | None = config.getoption("--report")
    if report is not None:
        counts = {name: len(terminalreporter.getreports(name)) for name in ("passed", "failed", "error")}
        report.write_text(json.dumps({"tests": counts, "figures": figures}, indent=2) + "\n")


def merged(figures: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each `what`, in order: `tests` says how many it is made of.

    Args:
        figures: `what`, `outcome` ("passed" or "failed") and the numbers of each test.
    """
    by_what = itemgetter("what")
    rows = []
    for what, group in groupby(sorted(figures, key=by_what), by_what):
        tests = list(group)
        failed = [test for test in tests if test["outcome"] == "failed"]
        row: dict[str, Any] = {"what": what, "tests": len(tests)}
        for name in dict.fromkeys(name for test in tests for name in test):
            if name not in {"what", "outcome", "seed"}:
                row[name] = _together(name, [test[name] for test in tests if test.get(name) is not None])
        if seeds := [test["seed"] for test in failed if "seed" in test]:
            row["seeds"] = seeds
        rows.append({**row, "outcome": "failed" if failed else "passed"})
    return rows


def _together(name: str, values: Sequence[Any]) -> Any:
    if any(isinstance(value, str) for value in values):
        return " and ".join(sorted({str(value) for value in values}))
    if name.endswith(_MEASURES) or any(isinstance(value, float) for value in values):
        return max(values, default=None)
    return sum(values)


def _figures(terminalreporter: Any) -> Iterable[dict[str, Any]]:
    for outcome in ("passed", "failed"):
        for result in terminalreporter.getreports(outcome):
            if result.when == "call":
                for name, value in result.user_properties:
                    if name == _PROPERTY:
                        yield {**value, "outcome": outcome}
