"""What `edge deploy --local` checks, shows and says, on a board whose answers are scripted."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge_cli import project, recipes
from edge_cli.app import main
from edge_cli.device.this_board import ThisBoard
from edge_cli.errors import CommandError
from support.board.board import install_program, publishing_to, write_build
from support.board.scripted_cli import DEPLOYMENT_ID, ScriptedNucleus
from support.edge import RunningEdge
from support.waiting import wait_until

NAME = "com.example.Part"
UPLOADER = "com.example.S3BatchUploader"
HERE = f"3.{sys.version_info.minor}"


@pytest.fixture
def nucleus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedNucleus:
    """A board with nothing on it; what is copied to it goes to a folder of the test's own."""
    (tmp_path / "inbox").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "inbox"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "inbox"))
    return ScriptedNucleus(tmp_path / "v2")


@pytest.fixture
def deploy(nucleus: ScriptedNucleus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> "Deploy":
    """Deploys the build folder to it."""
    return Deploy(["--root", str(nucleus.root), "--build", str(tmp_path / "build")], capsys)


@pytest.fixture
def uploader(tmp_path: Path) -> Path:
    """A build of a component that does not start without a bucket, with its recipe's settings."""
    settings = recipes.read_facts(project.find_component(UPLOADER).recipe).settings
    write_build(tmp_path / "build", UPLOADER, "true", settings=settings)
    return tmp_path / "build"


class Deploy:
    """`edge deploy --local`, in this process."""

    def __init__(self, where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        self.where = where
        self._capsys = capsys

    def __call__(self, *words: str, expect: int = 0) -> dict[str, Any]:
        """Run it; returns its document."""
        code = main(["deploy", "--local", "--yes", "--json", *self.where, *words])
        document: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert code == expect, document
        return document

    def read(self) -> str:
        """What was said to people since."""
        return self._capsys.readouterr().out


def _program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str) -> None:
    install_program(tmp_path / "programs" / name, text)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")


def _is_free(root: Path) -> bool:
    try:
        with ThisBoard().alone(str(root)):
            return True
    except CommandError:
        return False


def _left_in_inbox(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "inbox").iterdir())


def test_what_changes_is_told_by_component_version_and_setting(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    nucleus.has(
        NAME, "1.0.0", {"settings": {"word": "old", "kept": "1"}, "accessControl": publishing_to("a")}
    )
    write_build(tmp_path / "build", NAME, "true", version="1.0.1")
    change = {NAME: {"MERGE": {"settings": {"word": "new", "api_key": "hidden"}}}}
    report = deploy("part", "--dry-run", "--configuration", json.dumps(change))
    (difference,) = report["differences"]
    assert (difference["before"], difference["after"]) == ("1.0.0", "1.0.1")
    assert {one["pointer"]: (one["before"], one["after"]) for one in difference["settings"]} == {
        "/settings/api_key": (None, "(hidden)"),
        "/settings/word": ('"old"', '"new"'),
    }
    assert difference["reset"] == ["/accessControl"]
    assert (report["deployment_id"], nucleus.told) == (None, [])


def test_failing_deployment_is_to_be_rolled_back(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    deploy()
    assert nucleus.told[:2] == ["--failure-handling-policy", "ROLLBACK"]


def test_what_is_there_just_so_is_left_alone_unless_once_more_is_asked_for(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    nucleus.has(NAME, "1.0.0", {"settings": {"word": "tick"}})
    write_build(tmp_path / "build", NAME, "true")
    assert deploy()["deployment_id"] is None
    assert nucleus.told == []
    assert deploy("--again")["deployment_id"] == DEPLOYMENT_ID


def test_component_that_has_failed_there_is_no_success(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    nucleus.has(NAME, "1.0.0", {"settings": {"word": "tick"}}, state="BROKEN")
    write_build(tmp_path / "build", NAME, "true")
    deploy(expect=3)


def test_build_for_a_python_that_the_board_lacks_is_refused_with_the_build_that_fits(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "exec python3.99 -u -m part")
    error = deploy(expect=1)["error"]
    assert f"has Python {HERE}" in error or f"{HERE} and" in error
    assert f"scripts/edge build Part --python {HERE} --arch {ThisBoard().machine}" in error
    assert _left_in_inbox(tmp_path) == []
    assert nucleus.told == []


@pytest.mark.usefixtures("uploader")
def test_settings_that_a_component_refuses_are_refused_before_anything_is_copied(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    error = deploy(expect=1)["error"]
    assert "/settings/bucket" in error
    assert "--configuration" in error
    assert (nucleus.told, _left_in_inbox(tmp_path)) == ([], [])
    change = {UPLOADER: {"MERGE": {"settings": {"bucket": "a-bucket"}}}}
    assert deploy("s3_batch_uploader", "--configuration", json.dumps(change))["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("uploader")
def test_setting_that_the_board_holds_need_not_be_given_again_but_must_not_be_spoilt(
    nucleus: ScriptedNucleus, deploy: Deploy
) -> None:
    nucleus.has(UPLOADER, "1.0.0", {"settings": {"bucket": "from-the-board"}})
    assert deploy()["status"] == "SUCCEEDED"
    change = {UPLOADER: {"MERGE": {"settings": {"batch_max_records": "none"}}}}
    assert "/settings/batch_max_records" in deploy("--configuration", json.dumps(change), expect=1)["error"]


def test_board_without_room_is_refused_before_anything_is_copied(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    _program(monkeypatch, tmp_path, "df", "echo '/dev/mmcblk1p2 9 9 0 100% /'")
    assert "0 B free on /" in deploy(expect=1)["error"]
    assert nucleus.told == []


def test_clock_that_is_wrong_is_told(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_build(tmp_path / "build", NAME, "true")
    _program(monkeypatch, tmp_path, "date", f"echo {int(time.time()) - 86_400}")
    (warning,) = deploy("--dry-run")["warnings"]
    assert "timedatectl set-ntp true" in warning


def test_nucleus_that_does_not_answer_for_a_while_is_asked_again(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    nucleus.falls_silent_once()
    assert deploy()["status"] == "SUCCEEDED"
    assert not (nucleus.root / "silent").exists()
    assert _left_in_inbox(tmp_path) == []


def test_deployment_that_takes_longer_says_how_to_look_again(
    nucleus: ScriptedNucleus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nucleus.ends(as_="IN_PROGRESS")
    write_build(tmp_path / "build", NAME, "true")
    where = ["--root", str(nucleus.root), "--build", str(tmp_path / "build")]
    assert main(["deploy", "--local", "--yes", "--timeout-s", "0", *where]) == 4
    assert f"greengrass-cli deployment status -i {DEPLOYMENT_ID}" in capsys.readouterr().out


def test_configuration_that_may_be_secret_does_not_stay_on_the_board(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    change = {NAME: {"MERGE": {"settings": {"word": "a-secret"}}}}
    deploy("part", "--no-wait", "--configuration", json.dumps(change))
    (copied,) = _left_in_inbox(tmp_path)
    assert Path(nucleus.told[-1]) == copied / "update-config.json"
    assert [path.name for path in copied.iterdir() if path.is_file()] == []


def test_only_one_deploys_at_a_time(nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path) -> None:
    write_build(tmp_path / "build", NAME, "true")
    with ThisBoard().alone(str(nucleus.root)):
        assert "Somebody else is deploying" in deploy(expect=1)["error"]
    assert nucleus.told == []
    deploy()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_others_can_deploy_once_somebody_has_given_up_waiting(
    nucleus: ScriptedNucleus, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    nucleus.ends(as_="IN_PROGRESS")
    write_build(tmp_path / "build", NAME, "true")
    words = ("--local", "--yes", "--root", str(nucleus.root), "--build", str(tmp_path / "build"))
    with RunningEdge("deploy", *words) as command:
        command.line_with("IN_PROGRESS")
        with pytest.raises(CommandError, match="Somebody else"), ThisBoard().alone(str(nucleus.root)):
            pass
        assert command.interrupt(number) == code
    assert wait_until(lambda: _is_free(nucleus.root), 10, "the lock is free")


@pytest.mark.parametrize(
    "change", [{"MERGE": {"bucket": "a-bucket"}}, {"RESET": ["/settings/nope"]}], ids=["merge", "reset"]
)
@pytest.mark.usefixtures("uploader")
def test_change_that_means_nothing_to_the_component_is_refused(
    nucleus: ScriptedNucleus, deploy: Deploy, change: dict[str, Any]
) -> None:
    nucleus.has(UPLOADER, "1.0.0", {"settings": {"bucket": "a-bucket"}})
    error = deploy("--configuration", json.dumps({UPLOADER: change}), expect=1)["error"]
    assert "names what it does not have" in error
    assert "/settings/" in error
    assert "--unchecked" in error
    assert nucleus.told == []
    (warning,) = deploy("--configuration", json.dumps({UPLOADER: change}), "--unchecked")["warnings"]
    assert "names what it does not have" in warning
    assert nucleus.told != []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--remove", "com.example.Absent"), "has no com.example.Absent"),
        (("part", "--remove", NAME), "cannot be removed and deployed at once"),
    ],
)
def test_what_cannot_be_done_is_refused(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path, words: tuple[str, ...], complaint: str
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    assert complaint in deploy(*words, expect=1)["error"]
    assert nucleus.told == []


def test_component_that_failed_and_was_rolled_back_is_named_with_the_end_of_its_log(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    nucleus.has(NAME, "1.0.0", {"settings": {"word": "tick"}})
    nucleus.ends(as_="FAILED")
    (nucleus.root / "logs").mkdir()
    earlier, now = (
        f"{at} [WARN] (Copier) {NAME}: stderr. the wheel is {how}. {{scriptName=services.{NAME}.run}}"
        for at, how in (("2001-11-22T04:26:10.800Z", "on"), ("2999-11-22T04:26:10.800Z", "off"))
    )
    (nucleus.root / "logs" / f"{NAME}.log").write_text(f"{earlier}\n  at wheel.py\n{now}\n  at hub.py\n")
    (nucleus.root / "logs" / "greengrass.log").write_text(
        f"2999-11-22T04:26:10.900Z [INFO] (t) {NAME}: service-set-state. "
        f"{{serviceName={NAME}, currentState=RUNNING, newState=BROKEN}}\n"
    )
    write_build(tmp_path / "build", NAME, "true", version="1.0.1")
    write_build(tmp_path / "build", "com.example.Other", "true")
    (end,) = deploy(expect=3)["logs"]
    assert (end["log"], end["lines"]) == (NAME, [now, "  at hub.py"])
    main(["deploy", "--local", "--yes", *deploy.where])
    said = deploy.read()
    assert "  04:26:10.800 WARN  the wheel is off" in said
    assert "wheel is on" not in said


@pytest.mark.parametrize(
    ("detail", "sentence"),
    [
        ("FAILED_ROLLBACK_COMPLETE", "This board was rolled back: it runs what it ran before."),
        ("FAILED_NO_STATE_CHANGE", "This board runs what it ran before."),
        ("FAILED_UNABLE_TO_ROLLBACK", "This board could not be rolled back; what it runs is not known."),
        ("", "This board does not say whether it was rolled back."),
    ],
)
def test_rollback_is_claimed_only_where_the_nucleus_says_so(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path, detail: str, sentence: str
) -> None:
    nucleus.ends(as_="FAILED", in_detail=detail)
    write_build(tmp_path / "build", NAME, "true")
    assert main(["deploy", "--local", "--yes", *deploy.where]) == 3
    assert deploy.read().splitlines()[-1] == f"{sentence} Once that is repaired, run this again."


def test_whoever_stops_waiting_is_told_that_the_deployment_goes_on(
    nucleus: ScriptedNucleus, tmp_path: Path
) -> None:
    nucleus.ends(as_="IN_PROGRESS")
    write_build(tmp_path / "build", NAME, "true")
    words = ("--local", "--yes", "--root", str(nucleus.root), "--build", str(tmp_path / "build"))
    with RunningEdge("deploy", *words) as command:
        command.line_with("IN_PROGRESS")
        assert command.interrupt() == 130
        assert DEPLOYMENT_ID in command.line_with("goes on anyway")
        (copied,) = _left_in_inbox(tmp_path)
        command.line_with(f"sudo rm -r {copied}")


def test_whoever_interrupts_before_anything_is_handed_over_is_told_so(
    nucleus: ScriptedNucleus, tmp_path: Path
) -> None:
    install_program(nucleus.root / "bin" / "greengrass-cli", f"touch {tmp_path}/asked; exec sleep 1000")
    write_build(tmp_path / "build", NAME, "true")
    words = ("--local", "--yes", "--root", str(nucleus.root), "--build", str(tmp_path / "build"))
    with RunningEdge("deploy", *words) as command:
        wait_until((tmp_path / "asked").exists, 20, "the first question to the nucleus")
        assert command.interrupt() == 130
        command.line_with("Nothing was changed.")
    assert _left_in_inbox(tmp_path) == []


def test_host_without_a_name_is_not_this_machine(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    assert "--host ''" in deploy("--host", "", expect=1)["error"]
    assert nucleus.told == []


def test_nucleus_that_is_installed_in_part_is_said_to_be_so(
    nucleus: ScriptedNucleus, deploy: Deploy, tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    shutil.rmtree(nucleus.root)
    (nucleus.root / "config").mkdir(parents=True)
    assert "installed in part" in deploy(expect=1)["error"]
