"""`edge lint` as a whole: our own files, paths, output, exit codes; and that no file makes it fail."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_cli.app import main
from edge_cli.building.gdk import STAGE
from edge_cli.errors import CommandError
from edge_cli.gdk_config import COMMAND, regions
from edge_cli.lint.all_rules import ALL, RECIPE_RULES
from edge_cli.lint.linting import lint
from edge_cli.lint.reader import findings
from edge_cli.lint.workspace import read_workspace
from edge_cli.project import PROJECT
from support.planted.planting import DEPLOYMENT, PUBLISHER, REGISTRY, SINK, SUBSCRIBER, copy_of_the_project

SOMEBODYS = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: org.elsewhere.Camera
ComponentVersion: 2.0.0
Manifests:
  - Platform: {os: linux, runtime: "*"}
    Lifecycle:
      run:
        Script: |
          cd {work:path}
          exec python3.11 -m camera ${MODE}
    Artifacts: []
"""
CUT_LINE = 10  # of ${MODE}
CUT_COLUMN = 37


@pytest.fixture
def somebodys(tmp_path: Path) -> Path:
    """A recipe of no component here, with one mistake in the third line of a script."""
    path = tmp_path / "org.elsewhere.Camera.yaml"
    path.write_text(SOMEBODYS)
    return path


def codes(paths: Sequence[Path] = (), root: Path = PROJECT) -> list[str]:
    return [finding.code for finding in lint(paths, root).findings]


def test_nothing_is_found_in_our_own_files() -> None:
    report = lint()

    assert [str(finding) for finding in report.findings] == []
    assert {path.name for path in report.files} >= {path.name for path in (PROJECT / "recipes").iterdir()}


def test_recipe_from_elsewhere_is_linted_without_a_component(somebodys: Path) -> None:
    (finding,) = lint([somebodys]).findings

    assert finding.code == "shell-braces"
    assert (finding.spot.path, finding.spot.line, finding.spot.column) == (somebodys, CUT_LINE, CUT_COLUMN)


def test_json_recipe_has_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    manifest = {"Platform": {"runtime": "*"}, "Lifecycle": {"run": "exec ${A}"}, "Artifacts": []}
    recipe = {"RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0"}
    path.write_text(json.dumps({**recipe, "Manifests": [manifest]}, indent=1))

    (finding,) = lint([path]).findings

    assert "${A}" in path.read_text().splitlines()[finding.spot.line - 1]


def test_only_what_is_named_is_shown(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    for name in (PUBLISHER, SUBSCRIBER):
        path = project / name
        path.write_text(path.read_text().replace("exec $PYTHON", "exec ${PYTHON}"))

    both = ["shell-braces"] * 4
    assert codes(root=project) == both
    assert codes([project], project) == both
    assert codes([project / "recipes"], project) == both
    assert codes([project / PUBLISHER], project) == both[:2]
    assert codes([project / "components" / "mqtt_publisher"], project) == both[:2]
    assert codes([project / "components" / "mqtt_publisher" / "mqtt_publisher"], project) == both[:2]
    assert codes([project / REGISTRY], project) == []


def test_code_that_cannot_be_read_is_told_whatever_is_named(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    (project / SINK).write_text("def broken(\n")

    assert codes([project / PUBLISHER], project) == ["unreadable"]
    assert codes([project / "components" / "mqtt_publisher"], project) == ["unreadable"]


def test_recipe_is_called_as_gdk_wants_it(somebodys: Path) -> None:
    recipe = somebodys.rename(somebodys.parent / "recipe.yaml")
    recipe.write_text(SOMEBODYS.replace(" ${MODE}", ""))

    assert codes([somebodys.parent]) == []


def test_component_that_lies_in_two_places_is_one(tmp_path: Path) -> None:
    for folder in ("built", "staged"):
        (tmp_path / folder).mkdir()
        shutil.copy(PROJECT / PUBLISHER, tmp_path / folder / "recipe.yaml")

    assert codes([tmp_path]) == []


def test_deployment_is_read_as_what_it_is_when_named(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    path = project / DEPLOYMENT
    path.write_text(path.read_text().replace("MqttPublisher", "MqttPublsher"))

    assert codes([path], project) == ["deployment-component"]


def test_command_of_the_registry_is_seen_from_where_projects_are_staged() -> None:
    assert os.path.relpath(PROJECT / "scripts" / "edge", STAGE / "com.example.MqttPublisher") == COMMAND


def test_regions_are_those_of_aws() -> None:
    assert {"ap-northeast-2", "eu-central-1", "us-east-1", "cn-north-1"} <= regions()


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.yaml", ""), ("comment.yml", "# later\n"), ("open.yaml", ": ["), ("open.json", '{"a":')],
)
def test_file_of_a_folder_that_cannot_be_read_is_no_clean_one(
    somebodys: Path, name: str, content: str
) -> None:
    (somebodys.parent / name).write_text(content)

    assert "unreadable" in codes([somebodys.parent])


def test_other_files_of_a_folder_are_left_alone(somebodys: Path) -> None:
    (somebodys.parent / "bill.cdx.json").write_text('{"bomFormat": "CycloneDX"}')
    (somebodys.parent / "stack.yaml").write_text("a: &a !Sub x\nb: *a\n---\nc: 1\n")
    (somebodys.parent / "tabs.json").write_text('{\n\t"a": 1}')

    assert lint([somebodys.parent]).files == [somebodys]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.yaml", "There is no"),
        ("components/mqtt_publisher/README.md", "is no recipe"),
        ("components/common", "no recipe in"),
        ("build/gdk/mqtt_publisher/gdk-config.json", "of another project"),
    ],
)
def test_path_without_a_recipe_is_refused(name: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        lint([PROJECT / name])


def test_file_that_is_not_utf8_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(CommandError, match=r"a\.yaml is not UTF-8"):
        lint([path])


def test_errors_make_the_exit_code_1_and_each_is_a_line(
    somebodys: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(somebodys.parent)

    assert main(["lint", somebodys.name]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"{somebodys.name}:{CUT_LINE}:{CUT_COLUMN}: error[shell-braces] ${{MODE}}: Lite cuts"
    )
    assert last == "1 error, 0 warnings in 1 file."


def test_warnings_alone_leave_the_exit_code_0(somebodys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    somebodys.write_text(SOMEBODYS.replace("exec python3.11 -m camera ${MODE}", "python3.11 -m camera"))

    assert main(["lint", str(somebodys)]) == 0
    assert "warning[no-exec]" in capsys.readouterr().out


def test_json_has_every_part_of_a_finding(somebodys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(somebodys), "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    (finding,) = document["findings"]
    assert finding.pop("text").startswith("${MODE}")
    assert finding == {
        "file": str(somebodys),
        "line": CUT_LINE,
        "column": CUT_COLUMN,
        "code": "shell-braces",
        "severity": "error",
    }


def test_rules_are_listed_with_what_they_find(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--rules"]) == 0
    listed = capsys.readouterr().out.splitlines()[1:]

    assert [line.split()[0] for line in listed] == [rule.code for rule in ALL]


OUR_LINES = (PROJECT / PUBLISHER).read_text().splitlines()
STRANGE = st.sampled_from(
    [
        *("", "a:", "a: b", "- a", "- - a", "? a", "a: [", "a: {b: {c: 1}}", "'", "${", "{configuration:}"),
        *("      settings: 5", "      settings: []", "    accessControl: text", "      - Uri: 5", "\t", "*a"),
        *("        operations: {a: b}", "          resources: [5, [], {}]", "  - 7", "    Lifecycle: []"),
    ]
)


EDIT = st.tuples(st.integers(0, len(OUR_LINES) - 1), st.none() | STRANGE)
PROJECT_AS_IT_IS = read_workspace()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(EDIT, min_size=1, max_size=4))
def test_no_recipe_makes_the_linter_fail(edits: list[tuple[int, str | None]], tmp_path: Path) -> None:
    lines: list[str | None] = list(OUR_LINES)
    for number, text in edits:
        lines[number] = text
    path = tmp_path / "com.example.MqttPublisher.yaml"
    path.write_text("".join(f"{line}\n" for line in lines if line is not None))

    read = PROJECT_AS_IT_IS.with_guests([path])

    found = [
        *read.unreadable,
        *(finding for recipe in read.guests for finding in findings(recipe.source)),
        *(finding for recipe in read.guests for rule in RECIPE_RULES for finding in rule.findings(recipe)),
    ]
    length = len(path.read_text().splitlines())
    assert [finding for finding in found if not 1 <= finding.spot.line <= length] == []
