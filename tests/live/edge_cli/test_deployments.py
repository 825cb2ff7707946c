"""Deployments, components, logs and messages from the command line, on a real core."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.edge import RunningEdge, edge, edge_json
from support.waiting import wait_until

NAME = "com.example.Clock"
RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: {name}
ComponentVersion: {version}
ComponentPublisher: Example
ComponentConfiguration:
  DefaultConfiguration:
    word: tick
Manifests:
  - Platform: {{os: linux, runtime: "*"}}
    Lifecycle:
      run:
        Script: {script}
"""
TICKS = 'echo "INFO started word={configuration:/word}"; echo "to stderr" >&2; exec sleep 1000'
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a core that runs for this module's tests, with one component deployed."""
    root = tmp_path_factory.mktemp("core")
    edge("core", "up", "--root", str(root))
    recipes = _recipe(tmp_path_factory.mktemp("recipes"), TICKS)
    edge("deployment", "create", "-r", str(recipes), "-m", f"{NAME}=1.0.0", "--wait", "--root", str(root))
    yield root
    edge("core", "down", "--root", str(root))


def _recipe(folder: Path, script: str, version: str = "1.0.0", name: str = NAME) -> Path:
    text = RECIPE.format(name=name, version=version, script=json.dumps(script))
    (folder / f"{name}-{version}.yaml").write_text(text)
    return folder


def _state(root: Path, name: str = NAME) -> tuple[str, str]:
    found = {
        component["name"]: component for component in edge_json("component", "list", "--root", str(root))
    }
    return (found[name]["version"], found[name]["state"]) if name in found else ("", "")


def test_component_runs_once_the_deployment_is_through(root: Path) -> None:
    assert _state(root) == ("1.0.0", "RUNNING")


def test_details_show_the_configuration_that_the_component_has(root: Path) -> None:
    details = edge_json("component", "details", "-n", NAME, "--root", str(root))
    assert details["configuration"]["word"] == "tick"
    text = edge("component", "details", "-n", NAME, "--root", str(root)).stdout
    assert NAME in text
    assert '"word": "tick"' in text


def test_create_without_wait_prints_the_id_as_greengrass_cli_does(root: Path) -> None:
    update = json.dumps({NAME: {"MERGE": {"word": "tock"}}})
    said = edge("deployment", "create", "-m", f"{NAME}=1.0.0", "-c", update, "--root", str(root)).stdout
    prefix = "Local deployment submitted! Deployment Id: "
    assert said.startswith(prefix)
    deployment_id = said.removeprefix(prefix).strip()

    def status() -> bool:
        answer = edge_json("deployment", "status", "-i", deployment_id, "--root", str(root))
        return bool(answer["status"] == "SUCCEEDED")

    wait_until(status, DEADLINE_S, "success of the deployment")
    details = edge_json("component", "details", "-n", NAME, "--root", str(root))
    assert details["configuration"]["word"] == "tock"
    listed = edge_json("deployment", "list", "--root", str(root))
    assert deployment_id in {deployment["deployment_id"] for deployment in listed}
    assert deployment_id in edge("deployment", "list", "--root", str(root)).stdout


def test_failed_deployment_says_why_and_fails_the_command(root: Path, tmp_path: Path) -> None:
    recipes = _recipe(tmp_path, "exit 3", name="com.example.Broken")
    ended = edge(
        *("deployment", "create", "-r", str(recipes), "-m", "com.example.Broken=1.0.0"),
        *("-fp", "ROLLBACK", "--wait", "--root", str(root)),
        expect=1,
    )
    assert "FAILED" in ended.stdout
    assert "com.example.Broken" in ended.stdout
    assert _state(root)[1] == "RUNNING"


def test_what_has_no_effect_is_said_on_stderr_and_done_all_the_same(root: Path) -> None:
    change = json.dumps({"Clock": {"MERGE": {"word": "tock"}}})
    words = ("--remove", "com.example.Nope", "-c", change, "--wait", "--root", str(root))
    ended = edge("deployment", "create", *words)
    assert "warning: --remove com.example.Nope: the core has no such component.\n" in ended.stderr
    assert f"the core has no such component. Did you mean {NAME}?" in ended.stderr
    assert "SUCCEEDED" in ended.stdout


def test_whoever_stops_waiting_for_a_deployment_is_told_that_it_goes_on(root: Path, tmp_path: Path) -> None:
    name, goes_on = "com.example.Slow", tmp_path / "goes-on"
    (tmp_path / "recipes").mkdir()
    recipes = _recipe(tmp_path / "recipes", TICKS, name=name)
    recipe = next(recipes.iterdir())
    install = f"until [ -e {goes_on} ]; do sleep 0.1; done"
    recipe.write_text(recipe.read_text().replace("      run:", f"      install: {install}\n      run:"))
    words = ("-r", str(recipes), "-m", f"{name}=1.0.0", "--wait", "--root", str(root))
    with RunningEdge("deployment", "create", *words) as command:
        deployment_id = command.line_with("Deployment Id: ").rpartition(" ")[2].strip()
        wait_until(lambda: _state(root, name)[1], DEADLINE_S, "the component")
        assert command.interrupt() == 130
        assert deployment_id in command.line_with("goes on anyway")
    goes_on.touch()
    wait_until(lambda: _state(root, name)[1] == "RUNNING", DEADLINE_S, "what went on")
    edge("deployment", "create", "--remove", name, "--wait", "--root", str(root))


def test_recipe_that_is_none_is_refused_with_its_path(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("ComponentName: [")
    ended = edge(
        *("deployment", "create", "-r", str(tmp_path), "-m", f"{NAME}=1.0.0", "--wait"),
        *("--root", str(root)),
        expect=1,
    )
    assert "bad.yaml" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["deployment", "status", "-i", "no-such-deployment"],
        ["deployment", "cancel", "-i", "no-such-deployment"],
        ["component", "details", "-n", "com.example.Absent"],
        ["component", "restart", "-n", "com.example.Absent"],
    ],
    ids=" ".join,
)
def test_what_the_core_does_not_know_is_one_message(root: Path, words: list[str]) -> None:
    ended = edge(*words, "--root", str(root), expect=1)
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1


def test_component_is_stopped_and_restarted(root: Path) -> None:
    edge("component", "stop", "-n", NAME, "--root", str(root))
    wait_until(lambda: _state(root)[1] == "FINISHED", DEADLINE_S, "end of the component")
    edge("component", "restart", "-n", NAME, "--root", str(root))
    wait_until(lambda: _state(root)[1] == "RUNNING", DEADLINE_S, "restart of the component")


def test_removed_component_is_gone(root: Path, tmp_path: Path) -> None:
    name = "com.example.Passing"
    recipes = _recipe(tmp_path, TICKS, name=name)
    edge("deployment", "create", "-r", str(recipes), "-m", f"{name}=1.0.0", "--wait", "--root", str(root))
    edge("deployment", "create", "--remove", name, "--wait", "--root", str(root))
    assert _state(root, name) == ("", "")


def test_logs_hold_what_the_component_printed_with_its_own_level(root: Path) -> None:
    records = [
        json.loads(line) for line in edge("logs", "Clock", "--root", str(root), "--json").stdout.splitlines()
    ]
    said = {(record["level"], record["event"], record["message"]) for record in records}
    assert ("INFO", "stdout", "started word=tick") in said
    assert ("WARN", "stderr", "to stderr") in said


def test_logs_are_followed_while_they_are_written(root: Path) -> None:
    with RunningEdge("logs", "Clock", "-f", "--lines", "1", "--root", str(root)) as logs:
        logs.line_with("")
        edge("component", "restart", "-n", NAME, "--root", str(root))
        logs.line_with("started word=")
        assert logs.interrupt() == 130


def test_message_from_the_cloud_is_tapped_in_the_cloud(root: Path) -> None:
    with RunningEdge("tap", "a/#", "--count", "1", "--root", str(root)) as tap:
        tap.line_with("Listening to a/#")
        edge("pub", "a/b", '{"x": 1}', "--root", str(root))
        assert '{"x": 1}' in tap.line_with("a/b ")
        assert tap.wait() == 0


def test_message_on_local_pubsub_is_tapped_locally(root: Path) -> None:
    with RunningEdge("tap", "a/#", "--local", "--count", "1", "--root", str(root)) as tap:
        tap.line_with("Listening to a/#")
        edge("pub", "a/b", '{"x": 1}', "--local", "--root", str(root))
        assert '{"x": 1}' in tap.line_with("a/b ")
        assert tap.wait() == 0


def test_tap_that_ends_without_enough_messages_fails(root: Path) -> None:
    ended = edge("tap", "silent", "--count", "1", "--duration", "0.2", "--root", str(root), expect=1)
    assert "0 of 1 messages" in ended.stderr
