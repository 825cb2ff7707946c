"""A pytest plugin for the child that runs with a seeded bug in place: lowers counts, and reports as JSON.

Reports how each test ended and from which file every module of ours came. `SEEDED_BUGS_COUNTS` has the
constants of each test's module, or of a named one, `SEEDED_BUGS_REPORT` the file to write.
"""

import importlib
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

_OURS = ("edge_common", "edge_cli", "local_core", "support", "mqtt_", "s3_batch_uploader")
_tests: dict[str, dict[str, str]] = {}


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """A bug need not be shrunk, and one is enough."""
    edge = settings.get_profile("edge")
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("seeded", edge, phases=phases, report_multiple_bugs=False, database=None)
    settings.load_profile("seeded")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the modules their lower counts."""
    counts: dict[str, dict[str, int]] = json.loads(os.environ["SEEDED_BUGS_COUNTS"])
    for item in items:
        module: Any = item.getparent(pytest.Module)
        for name, value in counts.get(item.nodeid, {}).items():
            support, _, constant = name.rpartition(".")
            holder = importlib.import_module(support) if support else module.obj
            if not hasattr(holder, constant):
                raise pytest.UsageError(f"{item.nodeid}: there is no {name}")
            setattr(holder, constant, value)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how the test ended: its first fault; one outside its body is an error, and so is a skip."""
    report = yield
    known = _tests.get(item.nodeid, {}).get("outcome", "passed")
    if known == "passed" and (report.when == "call" or report.outcome != "passed"):
        outcome = report.outcome if report.when == "call" and not report.skipped else "error"
        error = _cause(call.excinfo.value) if call.excinfo else None
        raised, message = (type(error).__name__, str(error)) if error else ("", "")
        _tests[item.nodeid] = {"outcome": outcome, "raised": raised, "message": message}
    return report


def _cause(error: BaseException) -> BaseException:
    """What hypothesis has met first, where it says that it did not meet it again."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def pytest_sessionfinish() -> None:
    """Write the report."""
    modules = {
        name: file
        for name, module in list(sys.modules.items())
        if name.startswith(_OURS) and (file := getattr(module, "__file__", None))
    }
    report = {"tests": _tests, "modules": modules}
    Path(os.environ["SEEDED_BUGS_REPORT"]).write_text(json.dumps(report))
