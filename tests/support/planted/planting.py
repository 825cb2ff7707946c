"""A copy of the project to plant mistakes in, and what `edge lint` finds there."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from edge_cli.lint.finding import Finding
from edge_cli.lint.linting import lint
from edge_cli.project import PROJECT

PUBLISHER = "recipes/com.example.MqttPublisher.yaml"
SUBSCRIBER = "recipes/com.example.MqttSubscriber.yaml"
UPLOADER = "recipes/com.example.S3BatchUploader.yaml"
REGISTRY = "gdk-config.json"
DEPLOYMENT = "scripts/cloud/deployment.json"
SINK = "components/mqtt_publisher/mqtt_publisher/sink.py"


@dataclass(frozen=True)
class Mistake:
    """One small edit of one of our own files, and what must be found.

    Attributes:
        file: Where the edit is made.
        old: What stands there; every occurrence is replaced.
        new: What is written instead.
        code: The finding's code.
        at: The finding is in the `nth` line that holds this after the edit.
        found_in: File of the finding; None means the edited one.
        says: A part of its text.
        also: Codes of what else such an edit breaks.
        nth: Which of those lines.
        moved_to: The file is called so as well; then `found_in` has the new name when it is about that.
    """

    file: str
    old: str
    new: str
    code: str
    at: str
    says: str = ""
    found_in: str | None = None
    also: tuple[str, ...] = ()
    nth: int = 1
    moved_to: str | None = None


def copy_of_the_project(folder: Path) -> Path:
    """Recipes, registry, components and the deployment's file as they are in the repository; no templates."""
    for name in ("recipes", "components"):
        shutil.copytree(
            PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "edge_common")
        )
    (folder / DEPLOYMENT).parent.mkdir(parents=True)
    for name in (REGISTRY, DEPLOYMENT):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def plant(project: Path, mistake: Mistake) -> None:
    """Make the edit."""
    path = project / mistake.file
    text = path.read_text()
    assert mistake.old in text, "the row does not fit our files any more: adapt it"
    path.write_text(text.replace(mistake.old, mistake.new))
    if mistake.moved_to:
        path.rename(project / mistake.moved_to)


def assert_found(project: Path, mistake: Mistake) -> None:
    """The mistake is found where it stands, and nothing is found that the edit did not break."""
    path = project / (mistake.found_in or mistake.file)
    lines = path.read_text().splitlines()
    line = [number for number, text in enumerate(lines, 1) if mistake.at in text][mistake.nth - 1]

    findings = lint(root=project).findings

    wanted = [one for one in findings if is_at(one, path, line) and one.code == mistake.code]
    assert [one for one in wanted if mistake.says in one.text], [str(one) for one in findings]
    assert {one.code for one in findings} <= {mistake.code, *mistake.also}


def is_at(finding: Finding, path: Path, line: int) -> bool:
    """Whether it is about that line; its column lies within."""
    length = len(path.read_text().splitlines()[line - 1])
    return finding.spot.path == path and finding.spot.line == line and 1 <= finding.spot.column <= length + 1
