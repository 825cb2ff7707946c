"""`edge deploy --local`: on the board itself, through greengrass-cli's words, on a real core."""

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.board.board import install_greengrass_cli, publishing_to, write_build
from support.edge import edge, edge_json
from support.terminal import asked

TICK = "com.example.Tick"
SLEEPS = "exec sleep 1000"
BREAKS = "echo the wheel is off; exit 7"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a nucleus, with greengrass-cli; a core plays it."""
    root = tmp_path_factory.mktemp("board")
    edge("core", "up", "--root", str(root))
    install_greengrass_cli(root)
    yield root
    edge("core", "down", "--root", str(root))


def _deploy(board: Path, build: Path, *words: str, expect: int = 0) -> dict[str, object]:
    document: dict[str, object] = edge_json(
        "deploy", *words, "--local", "--yes", "--root", str(board), "--build", str(build), expect=expect
    )
    return document


def _states(report: dict[str, object]) -> dict[str, str]:
    components = report["components"]
    assert isinstance(components, list)
    return {component["name"]: component["state"] for component in components}


def test_everything_that_was_built_is_deployed_at_once(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.All1", SLEEPS)
    write_build(tmp_path, "com.example.All2", SLEEPS)
    report = _deploy(board, tmp_path)
    assert report["status"] == "SUCCEEDED"
    assert _states(report) == {"com.example.All1": "RUNNING", "com.example.All2": "RUNNING"}


def test_only_what_is_named_is_deployed(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Named", SLEEPS)
    write_build(tmp_path, "com.example.Left", SLEEPS)
    assert _states(_deploy(board, tmp_path, "named")) == {"com.example.Named": "RUNNING"}


def test_component_that_is_named_goes_away(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Gone", SLEEPS)
    _deploy(board, tmp_path)
    assert _deploy(board, tmp_path, "--remove", "gone")["removed"] == ["com.example.Gone"]
    found = edge_json("component", "list", "--root", str(board))
    assert "com.example.Gone" not in {component["name"] for component in found}


def test_failing_component_is_named_with_the_end_of_its_log(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Fails", BREAKS)
    words = ("deploy", "--local", "--yes", "--root", str(board), "--build", str(tmp_path))
    said = edge(*words, expect=3).stdout
    assert "com.example.Fails" in said
    assert "The end of com.example.Fails.log" in said
    assert "the wheel is off" in said


def test_version_that_fails_is_taken_back_and_what_ran_before_runs_again(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Back", SLEEPS)
    _deploy(board, tmp_path)
    write_build(tmp_path, "com.example.Back", BREAKS, version="1.0.1")
    report: Any = _deploy(board, tmp_path, expect=3)
    (component,) = report["components"]
    assert (component["version"], component["state"]) == ("1.0.0", "RUNNING")
    assert [end["log"] for end in report["logs"]] == ["com.example.Back"]
    assert "Detailed Status: FAILED_ROLLBACK_COMPLETE" in report["reasons"]


def test_person_is_asked_and_no_changes_nothing(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Asked", SLEEPS)
    with asked("deploy", "--local", "--root", str(board), "--build", str(tmp_path)) as terminal:
        assert b"added" in terminal.shown
        assert b"com.example.Asked" in terminal.shown
        assert b"Nothing was changed." in terminal.answer(b"n\n")
    assert terminal.code == 1
    assert not (board / "packages" / "artifacts" / "com.example.Asked").exists()


def test_nobody_is_asked_where_nobody_is(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Asked", SLEEPS)
    words = ("deploy", "--local", "--root", str(board), "--build", str(tmp_path))
    assert "--yes" in edge_json(*words, expect=1)["error"]


@pytest.mark.parametrize("changed", ["artifact", "recipe"])
def test_same_version_with_other_content_is_refused_and_the_next_offered(
    board: Path, tmp_path: Path, changed: str
) -> None:
    name = f"com.example.Twice{changed.title()}"
    write_build(tmp_path, name, SLEEPS)
    _deploy(board, tmp_path)
    other = {"artifact": {"body": b"print('other')\n"}, "recipe": {"grants": publishing_to("a")}}[changed]
    write_build(tmp_path, name, SLEEPS, **other)  # type: ignore[arg-type]  # a case of the table
    error = _deploy(board, tmp_path, expect=1)["error"]
    assert changed in str(error) or "part-cp311" in str(error)
    assert "ComponentVersion in its recipe to 1.0.1" in str(error)


def test_flipped_byte_in_an_artifact_is_refused_before_anything_is_done(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Flipped", SLEEPS)
    artifact = next(tmp_path.rglob("*.zip"))
    content = bytearray(artifact.read_bytes())
    content[len(content) // 2] ^= 1
    artifact.write_bytes(content)
    assert "is not what was built" in str(_deploy(board, tmp_path, expect=1)["error"])
    assert not (board / "packages" / "artifacts" / "com.example.Flipped").exists()


def test_grants_that_a_later_recipe_changes_replace_the_old_ones(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Granted", SLEEPS, grants=publishing_to("old/topic"))
    assert _deploy(board, tmp_path)["grants_reset"] == []
    write_build(tmp_path, "com.example.Granted", SLEEPS, version="1.0.1", grants=publishing_to("new/topic"))
    assert _deploy(board, tmp_path)["grants_reset"] == ["com.example.Granted"]
    details = edge_json("component", "details", "-n", "com.example.Granted", "--root", str(board))
    assert details["configuration"]["accessControl"] == publishing_to("new/topic")
    assert _deploy(board, tmp_path)["grants_reset"] == []


def test_configuration_survives_the_reset_of_grants(board: Path, tmp_path: Path) -> None:
    name = "com.example.Configured"
    write_build(tmp_path, name, SLEEPS, grants=publishing_to("a"))
    change = {name: {"MERGE": {"settings": {"word": "$(id)"}}}}
    _deploy(board, tmp_path, "configured", "--configuration", json.dumps(change))
    write_build(tmp_path, name, SLEEPS, version="1.0.1")
    _deploy(board, tmp_path)
    details = edge_json("component", "details", "-n", name, "--root", str(board))
    assert details["configuration"]["settings"] == {"word": "$(id)"}


def test_configuration_of_what_is_not_there_is_refused(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, TICK, SLEEPS)
    change = json.dumps({"com.example.Absent": {"MERGE": {"a": "b"}}})
    error = _deploy(board, tmp_path, "--configuration", change, expect=1)["error"]
    assert "com.example.Absent" in str(error)


def test_dry_run_checks_and_changes_nothing(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Dry", SLEEPS)
    assert _deploy(board, tmp_path, "--dry-run")["deployment_id"] is None
    assert not (board / "packages" / "artifacts" / "com.example.Dry").exists()


def test_deployment_that_nobody_waits_for_is_handed_over(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "TMPDIR", str(tmp_path)
    )  # what was copied stays: the nucleus may still have to read it
    write_build(tmp_path, "com.example.Slow", SLEEPS)
    report = _deploy(board, tmp_path, "--no-wait")
    assert report["deployment_id"]
    assert report["status"] is None


def test_build_for_another_processor_is_refused(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Foreign", SLEEPS, machine=_other_machine())
    error = str(_deploy(board, tmp_path, expect=1)["error"])
    assert "was not built for" in error
    assert "--arch" in error


def test_board_without_greengrass_cli_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "root" / "alts").mkdir(parents=True)
    write_build(tmp_path / "build", TICK, SLEEPS)
    error = str(_deploy(tmp_path / "root", tmp_path / "build", expect=1)["error"])
    assert "aws.greengrass.Cli" in error
    assert "--deploy-dev-tools true" in error


def test_machine_without_a_nucleus_says_where_it_looked(tmp_path: Path) -> None:
    write_build(tmp_path / "build", TICK, SLEEPS)
    error = str(_deploy(tmp_path / "root", tmp_path / "build", expect=1)["error"])
    assert "no Greengrass nucleus" in error.replace("There is ", "")
    assert "--host" in error


def test_nucleus_that_does_not_run_is_one_message(tmp_path: Path) -> None:
    install_greengrass_cli(_made(tmp_path / "root"))
    write_build(tmp_path / "build", TICK, SLEEPS)
    error = str(_deploy(tmp_path / "root", tmp_path / "build", expect=1)["error"])
    assert "Is the nucleus running?" in error


@pytest.mark.parametrize(
    "words", [("--thing", "x"), ("--group", "x"), ("--region", "eu-west-1"), ("--base", "x")]
)
def test_what_is_of_aws_does_not_go_with_local(words: tuple[str, str]) -> None:
    assert words[0] in edge_json("deploy", "--local", *words, expect=1)["error"]


def test_host_without_local_is_refused() -> None:
    assert "--local" in edge_json("deploy", "--host", "board", expect=1)["error"]


def _other_machine() -> str:
    return "aarch64" if platform.machine() == "x86_64" else "x86_64"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
