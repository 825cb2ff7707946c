"""Durability bugs on purpose: patches that break one promise each, and running the test that must notice.

Owns the patches' form, copies of the source tree, and the child that runs pytest in such a copy. A patch is a
unified diff behind a header of `Name: value` lines:

    Breaks: the promise that does not hold any more
    Caught-by: tests/….py::test_…          the test that must fail
    Says: regular expression                found in what the test's assertion says
    Raises: SpoolFullError                  only where the oracle is an exception that comes through
    Counts: SEQUENCES=60                    constants, of the test's module or a named one, so that it takes
                                            seconds: the same in every patch with this test

The child runs in a virtual environment made for the copy: the installed packages are those of this one, the
sources those of the copy, in whatever processes a test starts. `seeded_bugs_plugin` runs in it and reports
from where modules came.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = "environment"
_COPIED = ("components", "recipes", "scripts", "tests", "pyproject.toml", "gdk-config.json")
_NOT_COPIED = ("seeded_bugs", "*.pyc.*")  # a name of the second kind goes while it is being copied
_HEADER = re.compile(r"(Breaks|Caught-by|Says|Raises|Counts): (.+)")
_TARGET = re.compile(r"^\+\+\+ b/(\S+)", re.MULTILINE)
_CHILD_WAIT_S = 300.0


class NotApplicableError(Exception):
    """A patch does not fit the source any more, or makes no program of it: it must be made anew."""


@dataclass(frozen=True, slots=True)
class SeededBug:
    """One patch.

    Attributes:
        path: Its file.
        breaks: The promise.
        caught_by: Node id of the test.
        says: Found in the message of the failure.
        raises: Name of the exception with which the test fails.
        counts: Constant of the test's module, or module and constant -> the value it has for this.
    """

    path: Path
    breaks: str
    caught_by: str
    says: str
    raises: str
    counts: dict[str, int]

    @property
    def part(self) -> str:
        """The part of the product: the first word of the file's name."""
        return self.path.stem.split("_", 1)[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended in a child.

    Attributes:
        outcome: passed, failed or error, the last outside the test's own body.
        raised: Name of the exception; empty when it passed.
        message: What it says.
    """

    outcome: str
    raised: str = ""
    message: str = ""


def read_bug(path: Path) -> SeededBug:
    """The bug in the file at `path`.

    Raises:
        ValueError: The header is not as it must be.
    """
    header = path.read_text().split("\n--- ", 1)[0]
    matches = filter(None, map(_HEADER.fullmatch, header.splitlines()))
    values = {match[1]: match[2] for match in matches}
    if missing := {"Breaks", "Caught-by", "Says"} - values.keys():
        raise ValueError(f"{path.name} lacks {sorted(missing)}")
    counts = dict(count.split("=") for count in values.get("Counts", "").split())
    return SeededBug(
        path=path,
        breaks=values["Breaks"],
        caught_by=values["Caught-by"],
        says=values["Says"],
        raises=values.get("Raises", "AssertionError"),
        counts={name: int(value) for name, value in counts.items()},
    )


def copy_source(target: Path) -> Path:
    """What a test needs of the source tree, in the new folder `target`, with an environment around it."""
    target.mkdir()
    for name in _COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        else:
            shutil.copy2(source, target / name)
    _make_environment(target)
    return target


def _make_environment(tree: Path) -> None:
    """A virtual environment that knows the packages of this one, and the sources of the copy alone."""
    packages = Path(sysconfig.get_path("purelib"))
    own_packages = tree / _ENVIRONMENT / packages.relative_to(sys.prefix)
    own_packages.mkdir(parents=True)
    (tree / _ENVIRONMENT / "bin").mkdir()
    (tree / _ENVIRONMENT / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    shutil.copy2(Path(sys.prefix) / "pyvenv.cfg", tree / _ENVIRONMENT)
    sources = [*sorted((tree / "components").iterdir()), tree / "scripts", tree / "tests"]
    # A folder that is named here is searched, but what it names itself, this tree, is not followed.
    (own_packages / "copy.pth").write_text("".join(f"{path}\n" for path in [*sources, packages]))


def plant(bug: SeededBug, tree: Path) -> None:
    """Apply the patch to the copy at `tree`.

    Raises:
        NotApplicableError: It does not fit exactly, or what comes out does not compile.
    """
    command = ["patch", "-p1", "--fuzz=0", "--batch", "--no-backup-if-mismatch", "-i", str(bug.path)]
    patched = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if patched.returncode:
        raise NotApplicableError(f"{bug.path.name}: {patched.stdout}{patched.stderr}")
    for name in _TARGET.findall(bug.path.read_text()):
        try:
            compile((tree / name).read_text(), name, "exec")
        except SyntaxError as error:
            raise NotApplicableError(f"{bug.path.name}: {error}") from error


def run_tests(tree: Path, bugs: Iterable[SeededBug]) -> dict[str, Outcome]:
    """Run the tests that `bugs` name, in the copy at `tree`; how each ended.

    Raises:
        NotApplicableError: A test is not there, or a module of ours was not taken from the copy.
        ValueError: Two of them want other counts of one test.
    """
    chosen: dict[str, dict[str, int]] = {}
    for bug in bugs:
        if chosen.setdefault(bug.caught_by, bug.counts) != bug.counts:
            raise ValueError(f"{bug.path.name}: other patches have other counts for {bug.caught_by}")
    report = tree / "report.json"
    options = ["-vv", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "support.seeded_bugs_plugin"]
    options += ["-o", "tmp_path_retention_policy=failed"]
    ran = subprocess.run(
        [
            str(tree / _ENVIRONMENT / "bin" / "python"),
            "-m",
            "pytest",
            *options,
            "--hypothesis-seed=1",
            "--tier",
            "release",
            *chosen,
        ],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=_CHILD_WAIT_S,
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "SEED": os.environ.get("SEED", "1"),
            "SEEDED_BUGS_COUNTS": json.dumps(chosen),
            "SEEDED_BUGS_REPORT": str(report),
        },
    )
    if not report.exists():
        raise NotApplicableError(f"{list(chosen)}: {ran.stdout}{ran.stderr}")
    found: dict[str, Any] = json.loads(report.read_text())
    foreign = {name: file for name, file in found["modules"].items() if not Path(file).is_relative_to(tree)}
    if foreign or not found["modules"]:
        raise NotApplicableError(f"{list(chosen)}: not from the copy: {foreign}\n{ran.stdout}")
    if missing := chosen.keys() - found["tests"].keys():
        raise NotApplicableError(f"did not run: {missing}\n{ran.stdout}{ran.stderr}")
    return {test: Outcome(**outcome) for test, outcome in found["tests"].items()}


def why_not_caught(bug: SeededBug, outcome: Outcome) -> str | None:
    """What is wrong when the test ended so with the bug in place; None when its oracle has spoken."""
    if outcome.outcome == "passed":
        return f"{bug.path.name}: nothing noticed that it breaks: {bug.breaks}"
    if outcome.raised != bug.raises or not re.search(bug.says, outcome.message):
        said = f"{outcome.outcome} with {outcome.raised}: {outcome.message[:2000]}"
        return f"{bug.path.name}: not the oracle ({bug.raises}, {bug.says!r}) but {said}"
    return None
